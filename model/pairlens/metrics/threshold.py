"""The threshold from which a probability counts as positive: what it decides, and which one serves best."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pairlens.metrics.arrays import Floats, Ints, checked


def at_least(score: NDArray[Any], bound: float) -> NDArray[np.bool_]:
    """Which scores reach the bound. It is rounded to the scores' own type, so that a float32 reaches its own text."""
    return score >= _of_type(score, bound)


def at_most(score: NDArray[Any], bound: float) -> NDArray[np.bool_]:
    """Which scores do not exceed the bound, which is rounded likewise."""
    return score <= _of_type(score, bound)


def _of_type(score: NDArray[Any], bound: float) -> np.floating[Any]:
    kind = score.dtype.type if np.issubdtype(score.dtype, np.floating) else np.float64
    with np.errstate(over="ignore"):  # beyond float32 is infinity, which no score reaches
        return kind(bound)


def best_threshold(label: NDArray[Any], score: NDArray[Any], metric: Literal["accuracy", "f1"]) -> float:
    """The threshold that serves the metric best on these pairs, of all thresholds there are.

    Only the cuts between neighbouring distinct scores differ, and those below the least and above the greatest (whose
    neighbours are 0 and 1). A threshold stands midway in its gap, so that a score a little off still falls on its side.
    Of equally good ones the nearest to 0.5 is taken, of equally near ones the lower. It is a number of the scores' own
    type, in which `at_least` compares.

    Args:
        label: `[N]` of 0 and 1.
        score: `[N]`, probabilities.
        metric: what to maximise.

    Raises:
        PairlensError: a score is not finite.
        ValueError: label and score are not both `[N]`, or another metric is asked for.
    """
    kind = np.asarray(score).dtype
    label, score = checked(label, score)
    distinct, predicted, hits = cuts(label == 1, score)
    # The last cut predicts nothing.
    predicted, hits = np.append(predicted, 0), np.append(hits, 0)
    positives = hits[0]
    if metric == "accuracy":
        goodness = hits - (predicted - hits)  # TP - FP is TP + TN but for a constant: whole numbers, so ties are exact
    elif metric == "f1":
        goodness = 2 * hits / np.maximum(predicted + positives, 1)
    else:
        raise ValueError(f"metric: found {metric!r}; a threshold is fitted to accuracy or f1")
    threshold = _midway(distinct.astype(kind if np.issubdtype(kind, np.floating) else np.float64))
    best = np.flatnonzero(goodness == goodness.max())
    return float(threshold[best[np.argmin(np.abs(threshold[best] - 0.5))]])


def _midway(distinct: NDArray[Any]) -> NDArray[Any]:
    """One threshold for each gap of ascending probabilities `[K]`, those at both ends included: `[K + 1]`."""
    zero, one, infinity = np.array([0.0, 1.0, np.inf], distinct.dtype)
    below = np.append(distinct.min(initial=zero), distinct)
    # No score may reach the last threshold, not even a score of 1.
    above = np.append(distinct, max(one, np.nextafter(distinct.max(initial=zero), infinity)))
    middle = below + (above - below) / 2
    # Between adjacent floats there is no middle; `above` itself still keeps the two apart.
    return np.where(middle > below, middle, above)


def cuts(positive: NDArray[np.bool_], score: Floats) -> tuple[Floats, Ints, Ints]:
    """The distinct scores ascending `[K]`; how many pairs score at least that; how many of those are positive."""
    distinct, inverse = np.unique(score, return_inverse=True)
    count = np.bincount(inverse, minlength=distinct.size)
    gain = np.bincount(inverse[positive], minlength=distinct.size)
    return distinct, count[::-1].cumsum()[::-1], gain[::-1].cumsum()[::-1]
