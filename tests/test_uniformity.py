"""Uniformity: 0 for a peak, 1 for uniform attention, over the positions that a row may attend to."""

from __future__ import annotations

import numpy as np
import pytest

from pairlens.attention.uniformity import uniformity


def of(scores: list[list[float]], causal: bool = False) -> float | None:
    return uniformity(np.array(scores, np.float32), causal)


def test_peaked_uniform_and_between() -> None:
    assert of([[1, 0, 0], [0, 1, 0], [0, 0, 1]]) == pytest.approx(0)
    assert of([[0.25] * 4] * 3) == pytest.approx(1)
    # ¾ log 4/3 + ¼ log 4 = .5623, over log 2: .8113; the mean with a uniform row: .9056
    assert of([[0.75, 0.25], [0.5, 0.5]]) == pytest.approx(0.9056, abs=1e-4)


def test_what_no_row_attends_to_was_masked() -> None:
    assert of([[0.5, 0.5, 0]] * 2) == pytest.approx(1)


def test_causal_rows_attend_to_themselves_and_before() -> None:
    # The first row has no choice; the second is uniform over 2, the third over 3.
    assert of([[1, 0, 0], [1 / 2, 1 / 2, 0], [1 / 3] * 3], causal=True) == pytest.approx(1)


def test_padding_took_its_part() -> None:
    assert of([[0.1, 0.1]]) == pytest.approx(1)


@pytest.mark.parametrize("scores", [[[1.0]], [[0.0, 0.0]], [[1.0], [1.0]]])
def test_no_row_has_a_choice(scores: list[list[float]]) -> None:
    assert of(scores) is None


def test_no_rows() -> None:
    assert uniformity(np.zeros((0, 4), np.float32)) is None
    assert uniformity(np.zeros((4, 0), np.float32)) is None
