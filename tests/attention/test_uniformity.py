"""Distance from uniform: the share of a row's weight that would have to move; 0 for uniform attention."""

from __future__ import annotations

import numpy as np
import pytest

from pairlens.attention.uniformity import cells_of, verdict
from pairlens.texts.texts import Texts


def of(scores: list[list[float]], value: list[int] | None = None, causal: bool = False) -> list[float]:
    """The distances of the rows of one map with at least two cells; ids count from 1 unless the value's are given."""
    matrix = np.array(scores, np.float32)
    rows, columns = ([range(1, n + 1)] for n in matrix.shape)
    cells = cells_of(
        Texts.from_lists(rows), Texts.from_lists([value] if value else columns), matrix.ravel(), causal, bool(value)
    )
    return cells.distances().tolist()


def test_peaked_uniform_and_between() -> None:
    assert of([[1, 0, 0], [0, 1, 0]]) == pytest.approx([2 / 3, 2 / 3])  # a third may stay
    assert of([[0.25] * 4]) == pytest.approx([0])
    assert of([[0.75, 0.25], [0.5, 0.5]]) == pytest.approx([0.25, 0])


def test_a_masked_id_0_is_no_cell() -> None:
    assert of([[0.5, 0.5, 0]], value=[3, 4, 0]) == pytest.approx([0])
    assert of([[0.5, 0.5, 0]]) == pytest.approx([1 / 3])  # an unmasked zero is a cell


def test_causal_rows_attend_to_themselves_and_before() -> None:
    # The first row has one cell; the second is uniform over 2, the third over 3.
    assert of([[1, 0, 0], [1 / 2, 1 / 2, 0], [1 / 3] * 3], causal=True) == pytest.approx([0, 0], abs=1e-7)


def test_weight_on_padding() -> None:
    assert of([[0.1, 0.1], [0.3, 0.1]]) == pytest.approx([0, 0.25])


@pytest.mark.parametrize("scores", [[[1.0]], [[1.0], [1.0]], np.zeros((0, 4)), np.zeros((4, 0))])
def test_no_row_has_two_cells(scores: list[list[float]]) -> None:
    assert of(scores) == []


def test_the_sentence() -> None:
    assert verdict(0.0499).startswith("Attention is uniform, so its map means nothing: moving 5.0% of a row's weight")
    assert verdict(0.05).startswith("Attention chooses: 5% of a row's weight")
    assert verdict(float("nan")) == "There is nothing to attend to: no row has two cells."
