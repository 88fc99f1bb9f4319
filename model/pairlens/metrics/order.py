"""The order of scores, and which of them reach a threshold.

Float32 scores saturate: beyond a logit of 17 a probability is 1, whatever the logit. So the scores of probabilities may
come with their logits, [N, 2] instead of [N], and then equal scores are ordered by them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairlens.metrics.arrays import Floats, Ints, checked


class Threshold(NamedTuple):
    """From where on a pair counts as positive: its score is greater, or it is equal and the logit, if any, reached."""

    score: float
    logit: float | None = None

    def told(self) -> dict[str, float]:
        """By the names of evaluation.json, without a logit that is not there."""
        return {"threshold": self.score} | ({} if self.logit is None else {"logit_threshold": self.logit})


def measured_of(task: str, score: NDArray[Any], logit: NDArray[Any]) -> NDArray[Any]:
    """What a task's metrics are taken of: of probabilities of label 1 both, [N, 2]."""
    return np.stack([score, logit], axis=1) if task in ("binary", "ranking") else score


def at_least(score: NDArray[Any], bound: float | Threshold) -> NDArray[np.bool_]:
    """Which scores [N] or [N, 2] reach the bound, whose numbers are rounded to the scores' own type.

    So a float32 reaches the bound that is its own text.
    """
    bound = bound if isinstance(bound, Threshold) else Threshold(bound)
    said, limit = probabilities(score), _of_type(score, bound.score)
    if bound.logit is None or score.ndim == 1:
        reached: NDArray[np.bool_] = said >= limit
    else:
        reached = (said > limit) | ((said == limit) & (score[:, 1] >= _of_type(score, bound.logit)))
    return reached


def at_most(score: NDArray[Any], bound: float) -> NDArray[np.bool_]:
    """Which scores [N] do not exceed the bound, which is rounded likewise."""
    fits: NDArray[np.bool_] = score <= _of_type(score, bound)
    return fits


def _of_type(score: NDArray[Any], bound: float) -> np.floating[Any]:
    kind = score.dtype.type if np.issubdtype(score.dtype, np.floating) else np.float64
    with np.errstate(over="ignore"):  # beyond float32 is infinity, which no score reaches
        return kind(bound)


def probabilities(score: NDArray[Any]) -> NDArray[Any]:
    """The scores [N] without their logits."""
    return score if score.ndim == 1 else score[:, 0]


def checked_order(label: NDArray[Any], score: NDArray[Any]) -> tuple[Floats, Floats]:
    """As `checked`, of scores [N] or [N, 2]."""
    return checked(label, score, "[N, 2]" if np.shape(score)[1:] == (2,) else "[N]")


def places(score: Floats) -> Ints:
    """The place of each pair [N] among the distinct scores [N] or [N, 2], from 0, ascending."""
    if score.ndim == 1:
        return np.unique(score, return_inverse=True)[1]
    order = np.lexsort((score[:, 1], score[:, 0]))
    rises = (score[order][1:] != score[order][:-1]).any(axis=1)
    place = np.zeros(len(score), np.int64)
    place[order[1:]] = rises.cumsum()
    return place


def cuts(positive: NDArray[np.bool_], score: Floats) -> tuple[Floats, Ints, Ints]:
    """The distinct scores ascending [K] or [K, 2]; how many pairs score at least that; how many of those are 1."""
    place = places(score)
    count = np.bincount(place)
    gain = np.bincount(place[positive], minlength=count.size)
    distinct = np.empty((count.size, *score.shape[1:]))
    distinct[place] = score
    return distinct, count[::-1].cumsum()[::-1], gain[::-1].cumsum()[::-1]
