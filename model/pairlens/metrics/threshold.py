"""The threshold from which a probability counts as positive."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pairlens.metrics.arrays import Floats, Ints, checked


def best_threshold(label: NDArray[Any], score: NDArray[Any], metric: Literal["accuracy", "f1"]) -> float:
    """The threshold that serves the metric best on these pairs, of all thresholds there are.

    Only the cuts between neighbouring distinct scores differ, and those below the least and above the greatest (whose
    neighbours are 0 and 1). A threshold stands midway in its gap, so that a score a little off still falls on its side.
    Of equally good ones the nearest to 0.5 is taken, of equally near ones the lower. Compare scores to it in float64:
    rounded to float32 it may close a narrow gap.

    Args:
        label: `[N]` of 0 and 1.
        score: `[N]`, probabilities.
        metric: what to maximise.

    Raises:
        PairlensError: a score is not finite.
        ValueError: label and score are not both `[N]`, or another metric is asked for.
    """
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
    threshold = _midway(distinct)
    best = np.flatnonzero(goodness == goodness.max())
    return float(threshold[best[np.argmin(np.abs(threshold[best] - 0.5))]])


def _midway(distinct: Floats) -> Floats:
    """One threshold for each gap of ascending probabilities `[K]`, those at both ends included: `[K + 1]`."""
    below = np.append(distinct.min(initial=0.0), distinct)
    # No score may reach the last threshold, not even a score of 1.
    above = np.append(distinct, max(1.0, np.nextafter(distinct.max(initial=0.0), np.inf)))
    middle = below + (above - below) / 2
    # Between adjacent floats there is no middle; `above` itself still keeps the two apart.
    return np.where(middle > below, middle, above)


def cuts(positive: NDArray[np.bool_], score: Floats) -> tuple[Floats, Ints, Ints]:
    """The distinct scores ascending `[K]`; how many pairs score at least that; how many of those are positive."""
    distinct, inverse = np.unique(score, return_inverse=True)
    count = np.bincount(inverse, minlength=distinct.size)
    gain = np.bincount(inverse[positive], minlength=distinct.size)
    return distinct, count[::-1].cumsum()[::-1], gain[::-1].cumsum()[::-1]
