"""The threshold from which a probability counts as positive: what it decides, and which one serves best."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pairlens.metrics.order import Threshold, checked_order, cuts, probabilities


def best_threshold(label: NDArray[Any], score: NDArray[Any], metric: Literal["accuracy", "f1"]) -> float:
    """The score of `fit_threshold`."""
    return fit_threshold(label, score, metric).score


def fit_threshold(label: NDArray[Any], score: NDArray[Any], metric: Literal["accuracy", "f1"]) -> Threshold:
    """The threshold that serves the metric best on these pairs, of all thresholds there are.

    Only the cuts between neighbouring distinct scores differ, and those below the least and above the greatest (whose
    neighbours are 0 and 1). A threshold stands midway in its gap, so that a score a little off still falls on its side.
    Of equally good ones the nearest to 0.5 is taken, of equally near ones the lower. Its numbers are of the scores' own
    type, in which `at_least` compares. It has a logit only if it cuts through pairs of the same score.

    Args:
        label: `[N]` of 0 and 1.
        score: `[N]`, probabilities, or `[N, 2]` with their logits.
        metric: what to maximise.

    Raises:
        PairlensError: a score is not finite.
        ValueError: label and score have other shapes, or another metric is asked for.
    """
    kind = np.asarray(score).dtype
    label, score = checked_order(label, score)
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
    distinct = distinct.astype(kind if np.issubdtype(kind, np.floating) else np.float64)
    threshold = _midway(probabilities(distinct))
    best = np.flatnonzero(goodness == goodness.max())
    chosen = int(best[np.argmin(np.abs(threshold[best] - 0.5))])
    return Threshold(float(threshold[chosen]), _logit_between(distinct, chosen))


def _logit_between(distinct: NDArray[Any], cut: int) -> float | None:
    """Midway between the logits of both sides of a cut, if their scores are the same."""
    if distinct.ndim == 1 or not 0 < cut < len(distinct) or distinct[cut - 1, 0] != distinct[cut, 0]:
        return None
    below, above = distinct[cut - 1, 1], distinct[cut, 1]
    middle = below / 2 + above / 2  # each halved first, lest the sum overflow
    return float(middle if middle > below else above)


def _midway(distinct: NDArray[Any]) -> NDArray[Any]:
    """One threshold for each gap of ascending probabilities `[K]`, those at both ends included: `[K + 1]`."""
    zero, one, infinity = np.array([0.0, 1.0, np.inf], distinct.dtype)
    below = np.append(distinct.min(initial=zero), distinct)
    # No score may reach the last threshold, not even a score of 1.
    above = np.append(distinct, max(one, np.nextafter(distinct.max(initial=zero), infinity)))
    middle = below + (above - below) / 2
    # Between adjacent floats there is no middle; `above` itself still keeps the two apart.
    return np.where(middle > below, middle, above)
