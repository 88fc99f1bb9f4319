"""Ragged texts return what they were made from, and refuse anything that is not an id."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairlens.errors import DataError
from pairlens.texts.texts import Texts

ids = st.integers(0, 2**31 - 1)
lists = st.lists(st.lists(ids, max_size=5), max_size=6)


def as_lists(texts: Texts) -> list[list[int]]:
    return [text.tolist() for text in texts]


def test_layout() -> None:
    texts = Texts.from_lists([[5, 6], [], [7]])
    assert texts.ids.tolist() == [5, 6, 7]
    assert texts.ids.dtype == np.int32
    # Two tokens, none, one: the texts end after tokens 2, 2 and 3.
    assert texts.offsets.tolist() == [0, 2, 2, 3]
    assert texts.offsets.dtype == np.int64
    assert texts.lengths.tolist() == [2, 0, 1]
    assert texts[-1].tolist() == [7]
    assert np.shares_memory(texts[0], texts.ids)


@pytest.mark.parametrize("i", [2, -3])
def test_an_index_beyond_the_last_text_is_refused(i: int) -> None:
    with pytest.raises(IndexError, match="out of bounds"):
        Texts.from_lists([[1], [2]])[i]


def test_truncated() -> None:
    texts = Texts.from_lists([[5, 6, 7], [], [8], [1, 2]]).truncated(2)
    assert as_lists(texts) == [[5, 6], [], [8], [1, 2]]


@given(lists)
def test_lists_come_back(texts: list[list[int]]) -> None:
    assert as_lists(Texts.from_lists(texts)) == texts
    assert as_lists(Texts.from_lists([np.array(text, np.uint64) for text in texts])) == texts


@given(lists, st.data())
def test_take(texts: list[list[int]], data: st.DataObject) -> None:
    indices = data.draw(st.lists(st.integers(-len(texts), len(texts) - 1), max_size=8)) if texts else []
    taken = Texts.from_lists(texts).take(np.array(indices, np.int64))
    assert as_lists(taken) == [texts[i] for i in indices]
    assert taken.offsets[0] == 0


@given(st.lists(lists, max_size=4))
def test_concatenate(parts: list[list[list[int]]]) -> None:
    together = Texts.concatenate([Texts.from_lists(part) for part in parts])
    assert as_lists(together) == [text for part in parts for text in part]
    assert together.ids.dtype == np.int32
    assert together.offsets.dtype == np.int64


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ([1, -1], "-1"),
        ([2**31], "2147483648"),
        ([1, 2**63], "9223372036854775808"),
        ([2**70], "1180591620717411303424"),
        ([1, 2.0], "2.0"),
        ([1, float("nan")], "nan"),
        (["1"], "'1'"),
        ([True], "True"),
        ([None], "None"),
        (np.array([1.5], np.float32), "1.5"),
        (np.array([2**64 - 1], np.uint64), "18446744073709551615"),
        (np.array([-1], np.int8), "-1"),
    ],
)
def test_what_is_not_an_id(text: Any, shown: str) -> None:
    with pytest.raises(DataError) as error:
        Texts.from_lists([[1], [], text, [-5]])
    assert str(error.value) == f"text 2: {shown} is not an id: ids are integers from 0 to 2147483647"


@pytest.mark.parametrize("text", [5, "1 2", None, [[1], [2, 3]], [[1, 2]]])
def test_what_is_not_a_text(text: Any) -> None:
    with pytest.raises(DataError, match=r"^text 1: not a sequence of ids$"):
        Texts.from_lists([[1], text])
