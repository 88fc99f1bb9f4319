"""How far from uniform attention is: uniform attention tells nothing, whatever its map looks like.

A row is one token that attends, a cell one token that it may attend to: not those that a mask hides. The weights of a
row are its attention scores, divided by their sum (which is 1 but with `masking: none`). *Uniform* is what attention
that spreads evenly over the cells of a row would give. Rows of one cell have no choice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pairlens.texts.texts import Texts

Reals = NDArray[np.float64]

UNIFORM_BELOW = 0.05  # mean distance from uniform below which maps mean nothing


def verdict(distance: float) -> str:
    """What a mean distance from uniform says of one map or many; NaN: of no row."""
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
    """The cells of some maps, and of their rows: those with at least one cell.

    Attributes:
        row: the row of each cell, ascending [cells]; row_id, position, cells: of each row [rows].
        column_id, weight, uniform: of each cell [cells].
        first: of each row its first cell [rows].
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
        """Of each row that has a choice ½ Σ |weight - uniform|: how much of its weight would have to move to make it
        uniform, from 0 to 1."""
        if not len(self.row):
            return np.zeros(0)
        return np.add.reduceat(np.abs(self.weight - self.uniform), self.first)[self.cells > 1] / 2


def cells_of(rows: Texts, columns: Texts, scores: NDArray[np.floating], causal: bool, mask_zero: bool) -> Cells:
    """The cells of the maps of some pairs: `scores` are their matrices, row by row, one after the other."""
    pair = np.repeat(np.arange(len(rows)), rows.lengths)  # of each row
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
