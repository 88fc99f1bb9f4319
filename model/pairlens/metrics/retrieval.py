"""Metrics of how queries find their relevant candidates among all of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pairlens.metrics.arrays import Floats, Ints, ratio

_K = 10  # of ndcg_at_10


class RetrievalMetrics:
    """Means over queries, from the rank of each relevant candidate among all candidates.

    `map`, `mrr`, `ndcg_at_10` and `precision_at_1` are those of `RankingMetrics`, for ranks instead of scores; the gain
    of a candidate is its grade (Järvelin and Kekäläinen 2002). `recall_at_K` is the share of a query's relevant
    candidates that have one of the first K ranks.

    Args:
        query: int64 [R], the query of each relevant candidate.
        rank: int64 [R], from 1, no two equal for a query.
        grade: [R], above 0.
        k: K of the recall.
    """

    def __init__(self, query: Ints, rank: Ints, grade: NDArray[np.float64], k: int) -> None:
        order = np.lexsort((rank, query))
        self._names = ("map", "mrr", f"ndcg_at_{_K}", "precision_at_1", f"recall_at_{k}")
        self._values = _values_of_queries(query[order], rank[order], grade[order], k)
        self.units = self._values.shape[1]

    def __call__(self, weight: Floats) -> dict[str, Floats]:
        """Return each metric [R] for weights [R, units] of the queries with a relevant candidate."""
        n = weight.sum(axis=1)
        return {name: ratio(weight @ value, n) for name, value in zip(self._names, self._values, strict=True)}


def _values_of_queries(query: Ints, rank: Ints, grade: Floats, k: int) -> Floats:
    """Each metric of each query [5, queries]; the candidates are sorted by query and rank."""
    starts = np.append(True, query[1:] != query[:-1])[: len(query)]
    owner, first = starts.cumsum() - 1, np.flatnonzero(starts)
    count, place = np.bincount(owner), np.arange(len(query)) - first[owner] + 1
    ideal = grade[np.lexsort((-grade, query))]
    return np.array(
        [
            np.bincount(owner, place / rank) / count,
            1 / rank[first],
            np.bincount(owner, _discounted(grade, rank)) / np.bincount(owner, _discounted(ideal, place)),
            rank[first] == 1,
            np.bincount(owner, rank <= k) / count,
        ]
    )


def _discounted(gain: Floats, rank: Ints) -> Floats:
    return np.where(rank <= _K, gain / np.log2(rank + 1), 0.0)
