"""The distance of attention from uniform attention, which means nothing, whatever its map looks like.

A row is a token that attends, a cell a token that it may attend to and that no mask hides. The weights of a row are its
attention scores divided by their sum (which is 1 except with `masking: none`). *Uniform* is the weight of a cell if a
row's weight were spread evenly. Rows of one cell are always uniform, so they are excluded from the distance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pairlens.texts.texts import Texts

Reals = NDArray[np.float64]

UNIFORM_BELOW = 0.05  # maps with a lower mean distance mean nothing


def verdict(distance: float) -> str:
    """A sentence about the mean distance from uniform of one or more maps; NaN means that there are no rows."""
    if np.isnan(distance):
        return "There is nothing to attend to: no row has two cells."
    if distance < UNIFORM_BELOW:
        return (
            f"Attention is uniform, so its map means nothing: moving {distance:.1%} of a row's weight, on average, "
            "would spread it evenly over the other text."
        )
    return f"Attention chooses: {distance:.0%} of a row's weight, on average, would have to move to spread it evenly."


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """The cells of some maps, and the rows that have at least one cell.

    Attributes:
        row, column_id, weight, uniform: for each cell [cells] its row (ascending), the id attended to, and its weights.
        row_id, position, cells, first: for each row [rows] its id, its position in the text, its number of cells, and
            the index of its first cell.
    """

    row: NDArray[np.int64]
    column_id: NDArray[np.int32]
    weight: Reals
    uniform: Reals
    row_id: NDArray[np.int32]
    position: NDArray[np.int64]
    cells: NDArray[np.int64]
    first: NDArray[np.int64]

    def distances(self) -> Reals:
        """½ Σ |weight - uniform| of each row with at least two cells, from 0 to 1: the share of its weight that would
        have to move to make it uniform."""
        if not len(self.row):
            return np.zeros(0)
        return np.add.reduceat(np.abs(self.weight - self.uniform), self.first)[self.cells > 1] / 2


def cells_of(rows: Texts, columns: Texts, scores: NDArray[np.floating], causal: bool, mask_zero: bool) -> Cells:
    """The cells of the maps of some pairs; `scores` are their matrices, flattened row by row and concatenated."""
    pair = np.repeat(np.arange(len(rows)), rows.lengths)  # the pair of each row
    position = np.arange(len(rows.ids)) - rows.offsets[pair]
    width = columns.lengths[pair]
    row = np.repeat(np.arange(len(pair)), width)
    column = np.arange(len(row)) - np.repeat(np.cumsum(width) - width, width)
    column_id = columns.ids[columns.offsets[pair[row]] + column]
    seen = np.ones(len(row), np.bool_)
    if causal:
        seen &= column <= position[row]
    if mask_zero:
        seen &= column_id != 0
    row, column_id, weight = row[seen], column_id[seen], scores[seen].astype(np.float64)
    cells = np.bincount(row, minlength=len(pair))
    kept = np.flatnonzero(cells)
    cells = cells[kept]
    row = np.repeat(np.arange(len(kept)), cells)
    sums, uniform = np.bincount(row, weight, len(kept))[row], (1 / cells)[row]
    weight = np.where(sums > 0, weight / np.where(sums > 0, sums, 1), uniform)
    return Cells(row, column_id, weight, uniform, rows.ids[kept], position[kept], cells, np.cumsum(cells) - cells)
