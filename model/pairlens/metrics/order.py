"""The order of scores, and comparison with a threshold.

Float32 probabilities saturate: beyond a logit of 17 they are all 1. So scores that are probabilities may be given with
their logits, [N, 2] instead of [N]; then equal scores are ordered by their logits.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairlens.metrics.arrays import Floats, Ints, checked


class Threshold(NamedTuple):
    """A pair is positive if its score is above `score`, or equal and its logit, if any, is at least `logit`."""

    score: float
    logit: float | None = None

    def as_json(self) -> dict[str, float]:
        """The threshold by the keys of evaluation.json, without the logit if there is none."""
        return {"threshold": self.score} | ({} if self.logit is None else {"logit_threshold": self.logit})


def measured_of(task: str, score: NDArray[Any], logit: NDArray[Any]) -> NDArray[Any]:
    """The scores to compute a task's metrics from: with logits, [N, 2], if they are probabilities of label 1."""
    return np.stack([score, logit], axis=1) if task in ("binary", "ranking") else score


def at_least(score: NDArray[Any], bound: float | Threshold) -> NDArray[np.bool_]:
    """True where a score [N] or [N, 2] reaches the bound, which is rounded to the scores' type.

    So a float32 score reaches a bound that was copied from its text.
    """
    bound = bound if isinstance(bound, Threshold) else Threshold(bound)
    probability, limit = probabilities(score), _of_type(score, bound.score)
    if bound.logit is None or score.ndim == 1:
        reached: NDArray[np.bool_] = probability >= limit
    else:
        reached = (probability > limit) | ((probability == limit) & (score[:, 1] >= _of_type(score, bound.logit)))
    return reached


def at_most(score: NDArray[Any], bound: float) -> NDArray[np.bool_]:
    """True where a score [N] does not exceed the bound, which is rounded to the scores' type."""
    fits: NDArray[np.bool_] = score <= _of_type(score, bound)
    return fits


def _of_type(score: NDArray[Any], bound: float) -> np.floating[Any]:
    kind = score.dtype.type if np.issubdtype(score.dtype, np.floating) else np.float64
    with np.errstate(over="ignore"):  # too large for float32: infinity, which no score reaches
        return kind(bound)


def probabilities(score: NDArray[Any]) -> NDArray[Any]:
    """The scores [N] without their logits."""
    return score if score.ndim == 1 else score[:, 0]


def checked_order(label: NDArray[Any], score: NDArray[Any]) -> tuple[Floats, Floats]:
    """As `checked`, for scores [N] or [N, 2]."""
    return checked(label, score, "[N, 2]" if np.shape(score)[1:] == (2,) else "[N]")


def dense_ranks(score: Floats) -> Ints:
    """The index of each score [N] or [N, 2] among the distinct scores in ascending order, from 0: int64 [N]."""
    if score.ndim == 1:
        return np.unique(score, return_inverse=True)[1]
    order = np.lexsort((score[:, 1], score[:, 0]))
    rises = (score[order][1:] != score[order][:-1]).any(axis=1)
    rank = np.zeros(len(score), np.int64)
    rank[order[1:]] = rises.cumsum()
    return rank


def cuts(positive: NDArray[np.bool_], score: Floats) -> tuple[Floats, Ints, Ints]:
    """The distinct scores, ascending [K] or [K, 2]; the numbers of pairs and of positives at or above each."""
    rank = dense_ranks(score)
    count = np.bincount(rank)
    gain = np.bincount(rank[positive], minlength=count.size)
    distinct = np.empty((count.size, *score.shape[1:]))
    distinct[rank] = score
    return distinct, count[::-1].cumsum()[::-1], gain[::-1].cumsum()[::-1]
