"""Metrics of real-valued scores against real-valued labels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pairlens.metrics.arrays import Floats, Ints, checked, ratio, sums_by


class RegressionMetrics:
    """Pearson's r, Spearman's rho (both nan if labels or scores are constant) and mean squared error.

    Args:
        label, score: [N].
    """

    def __init__(self, label: NDArray[Any], score: NDArray[Any]) -> None:
        label, score = checked(label, score)
        self.units = len(label)
        self._squares = (score - label) ** 2
        self._label, self._score = _scaled(label), _scaled(score)
        self._label_rank = np.unique(label, return_inverse=True)[1]
        self._score_rank = np.unique(score, return_inverse=True)[1]

    def __call__(self, weight: Floats) -> dict[str, Floats]:
        """Return each metric [R] for weights [R, N] of the pairs."""
        label_ranks, label_varies = _ranks(self._label_rank, weight)
        score_ranks, score_varies = _ranks(self._score_rank, weight)
        defined = label_varies & score_varies
        return {
            "pearson": np.where(defined, _pearson(self._label, self._score, weight), np.nan),
            "spearman": np.where(defined, _pearson(label_ranks, score_ranks, weight), np.nan),
            "mse": ratio(weight @ self._squares, weight.sum(axis=1)),
        }


def _scaled(x: Floats) -> Floats:
    """Deviations from the mean, scaled to at most 1 so that squares do not overflow; all 0 if x is constant."""
    if not len(x):
        return x
    x = x - x.mean()
    return x / (np.abs(x).max() or 1)


def _pearson(x: Floats, y: Floats, weight: Floats) -> Floats:
    """Covariance over the product of standard deviations (Pearson 1895) [R] of x and y, each [N] or [R, N]."""
    n = weight.sum(axis=1)
    x, y = (side - ratio(np.vecdot(weight, side), n)[:, np.newaxis] for side in (x, y))
    weighted = weight * x
    spread = np.sqrt(np.vecdot(weighted, x)) * np.sqrt(np.vecdot(weight * y, y))
    return np.clip(ratio(np.vecdot(weighted, y), spread), -1, 1)


def _ranks(rank: Ints, weight: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Ranks [R, N] of values with these dense ranks [N], and whether several distinct values have weight [R].

    Equal values have the mean of their ranks (Spearman 1904).
    """
    count = sums_by(rank, weight, rank.max(initial=-1) + 1)
    ranks = count.cumsum(axis=1) - (count - 1) / 2
    return ranks[:, rank], np.count_nonzero(count, axis=1) > 1
