"""The best candidates of each query: by descending logit, equal ones in the order of the file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

NEVER = -np.inf  # the logit of a candidate that is left out


class Best(NamedTuple):
    """The logits and the numbers of the best candidates, best first: both [queries, places].

    A query with fewer candidates has the logit `NEVER` in its last places.
    """

    logits: Floats
    candidates: Ints

    def part(self, some: slice) -> Best:
        """Those of some of the queries."""
        return Best(self.logits[some], self.candidates[some])

    def merged(self, later: Best, count: int) -> Best:
        """The best of these and of others that come after them in the file."""
        logits = np.hstack([self.logits, later.logits])
        candidates = np.hstack([self.candidates, later.candidates])
        order = np.argsort(-logits, axis=1, kind="stable")[:, :count]
        return Best(np.take_along_axis(logits, order, axis=1), np.take_along_axis(candidates, order, axis=1))


def joined(parts: Sequence[Best]) -> Best:
    """The best candidates of consecutive queries, at least one."""
    return Best(np.concatenate([one.logits for one in parts]), np.concatenate([one.candidates for one in parts]))


def none_of(queries: int) -> Best:
    """The best of no candidates."""
    return Best(np.zeros((queries, 0), np.float32), np.zeros((queries, 0), np.int64))


def best_of(logits: Floats, first: int, count: int) -> Best:
    """The best `count` of consecutive candidates, the first of which has the number `first`; logits [queries, n]."""
    queries, n = logits.shape
    count = min(count, n)
    if not queries or not count:
        return none_of(queries)
    least = np.partition(logits, n - count, axis=1)[:, n - count, np.newaxis]
    chosen = logits >= least
    if np.count_nonzero(chosen) > queries * count:  # several are equal to the last one; take those that come first
        better = logits > least
        tied = chosen & ~better
        chosen = better | (tied & (tied.cumsum(axis=1) <= count - better.sum(axis=1, keepdims=True)))
    columns = np.nonzero(chosen)[1].reshape(queries, count)
    found = np.take_along_axis(logits, columns, axis=1)
    order = np.argsort(-found, axis=1, kind="stable")
    return Best(np.take_along_axis(found, order, axis=1), first + np.take_along_axis(columns, order, axis=1))
