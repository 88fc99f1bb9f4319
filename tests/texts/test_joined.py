"""Pairs of several files as one set."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pairlens.texts.joined import joined
from pairlens.texts.pairs import Pairs
from pairlens.texts.texts import Texts


def make_pairs(first: int, label: list[Any], **columns: Any) -> Pairs:
    """Query i of these pairs is id `first` + i."""
    query = Texts.from_lists([[first + i] for i in range(len(label))])
    return Pairs(query, query, np.array(label, np.float32), **columns)


def test_pairs_follow_each_other() -> None:
    pairs = joined([make_pairs(1, [0, 1]), make_pairs(7, [0.5]), make_pairs(4, [1])])
    assert [text.tolist() for text in pairs.query] == [text.tolist() for text in pairs.value] == [[1], [2], [7], [4]]
    assert pairs.label is not None
    assert pairs.label.tolist() == [0, 1, 0.5, 1]
    assert pairs.label.dtype == np.float32
    assert pairs.weight is None
    assert pairs.group is None
    alone = make_pairs(1, [0, 1])
    assert joined([alone]) is alone


def test_pairs_without_weights_weigh_1() -> None:
    pairs = joined([make_pairs(1, [0, 1]), make_pairs(7, [1], weight=np.array([0.5], np.float32))])
    assert pairs.weight is not None
    assert pairs.weight.tolist() == [1, 1, 0.5]
    assert pairs.weight.dtype == np.float32


def test_groups_keep_to_their_part() -> None:
    """Both have a group 3; large numbers stay possible."""
    one, other = np.array([3, 9, 3]), np.array([3, 2**63 - 1])
    pairs = joined([make_pairs(1, [0, 1, 1], group=one), make_pairs(7, [1, 0], group=other)])
    assert pairs.group is not None
    assert pairs.group.tolist() == [0, 1, 0, 2, 3]
    assert pairs.group.dtype == np.int64
    assert joined([make_pairs(1, [0, 1, 1], group=one), make_pairs(7, [1])]).group is None


@pytest.mark.parametrize("rows_first", [False, True])
def test_a_class_next_to_probabilities_has_probability_1(rows_first: bool) -> None:
    classes, rows = make_pairs(1, [2, 0]), make_pairs(7, [[0.5, 0.25, 0.25]])
    expected = [[[0, 0, 1], [1, 0, 0]], [[0.5, 0.25, 0.25]]]
    parts = [rows, classes] if rows_first else [classes, rows]
    label = joined(parts).label
    assert label is not None
    assert label.tolist() == [row for part in (reversed(expected) if rows_first else expected) for row in part]
    assert label.dtype == np.float32
