"""Count which words attend to which, over any number of pairs in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Reals = NDArray[np.float64]

_LIMIT = 2**19  # pairs of words that are kept
_PENDING = 2**20  # cells that are added up at once


@dataclass(frozen=True, slots=True, eq=False)
class WordPairCounts:
    """Sums over cells for each pair of words, in ascending order of (row id, column id).

    Attributes:
        row, column: int64 ids [pairs]; a row attends to a column.
        weight: the sum of the attention scores of their cells.
        cooccurrences: the number of their cells.
        strongest: the number of cells that are the strongest of their row.
        missing_weight: if pairs were dropped, the most that may be missing from a pair's weight; else 0.
    """

    row: Ints
    column: Ints
    weight: Reals
    cooccurrences: Ints
    strongest: Ints
    missing_weight: float


class WordPairs:
    """Adds up cells. Beyond `limit` pairs, those of less weight are dropped (lossy counting, Manku & Motwani 2002)."""

    def __init__(self, input_dim: int, limit: int = _LIMIT) -> None:
        self._input_dim, self._limit = input_dim, limit
        self._keys = np.empty(0, np.int64)
        self._sums = np.empty((3, 0))  # weight, co-occurrences, strongest
        self._pending: list[tuple[Ints, Reals]] = []
        self._missing = 0.0

    def add(self, row: NDArray[np.integer], column: NDArray[np.integer], weight: Reals, strongest: Reals) -> None:
        """Add cells [n]: the ids of row and column, the weight, and 1 if it is the strongest of its row, else 0."""
        keys = row.astype(np.int64) * self._input_dim + column
        self._pending.append((keys, np.stack([weight, np.ones(len(keys)), strongest])))
        if sum(len(keys) for keys, _ in self._pending) >= _PENDING:
            self._merge()

    def counts(self) -> WordPairCounts:
        self._merge()
        weight, cooccurrences, strongest = self._sums
        row, column = np.divmod(self._keys, self._input_dim)
        return WordPairCounts(row, column, weight, cooccurrences.astype(int), strongest.astype(int), self._missing)

    def _merge(self) -> None:
        parts = [(self._keys, self._sums), *self._pending]
        self._pending = []
        self._keys, inverse = np.unique(np.concatenate([keys for keys, _ in parts]), return_inverse=True)
        sums = np.concatenate([sums for _, sums in parts], axis=1)
        self._sums = np.stack([np.bincount(inverse, row, len(self._keys)) for row in sums])
        if len(self._keys) > self._limit:
            order = np.argsort(-self._sums[0], kind="stable")
            kept, dropped = np.sort(order[: self._limit // 2]), order[self._limit // 2]
            self._missing += float(self._sums[0, dropped])  # the largest dropped weight
            self._keys, self._sums = self._keys[kept], self._sums[:, kept]
