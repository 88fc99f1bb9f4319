"""Fit the threshold from which a probability counts as positive."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pairlens.metrics.order import Threshold, checked_order, cuts, probabilities


def best_threshold(label: NDArray[Any], score: NDArray[Any], metric: Literal["accuracy", "f1"]) -> float:
    """The score of the threshold that `fit_threshold` returns."""
    return fit_threshold(label, score, metric).score


def fit_threshold(label: NDArray[Any], score: NDArray[Any], metric: Literal["accuracy", "f1"]) -> Threshold:
    """Return the threshold with the highest value of the metric on these pairs.

    Thresholds only differ by the gap between neighbouring distinct scores that they are in (or below the lowest and
    above the highest score, where the neighbours are 0 and 1). The midpoint of the gap is returned, so that a slightly
    different score stays on its side; among equally good ones the nearest to 0.5, then the lower one. Its numbers have
    the scores' type, in which `at_least` compares. It only has a logit if it separates pairs of the same score.

    Args:
        label: `[N]` of 0 and 1.
        score: `[N]`, probabilities, or `[N, 2]` with their logits.
        metric: what to maximise.

    Raises:
        PairlensError: a score is not finite.
        ValueError: label or score has a wrong shape, or the metric is unknown.
    """
    kind = np.asarray(score).dtype
    label, score = checked_order(label, score)
    distinct, predicted, hits = cuts(label == 1, score)
    # The last cut predicts nothing.
    predicted, hits = np.append(predicted, 0), np.append(hits, 0)
    positives = hits[0]
    if metric == "accuracy":
        goodness = hits - (predicted - hits)  # TP - FP, which is TP + TN minus a constant; integers, so ties are exact
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
    """The midpoint of the logits on both sides of a cut if their scores are equal, else None."""
    if distinct.ndim == 1 or not 0 < cut < len(distinct) or distinct[cut - 1, 0] != distinct[cut, 0]:
        return None
    below, above = distinct[cut - 1, 1], distinct[cut, 1]
    middle = below / 2 + above / 2  # halved first, so that the sum cannot overflow
    return float(middle if middle > below else above)


def _midway(distinct: NDArray[Any]) -> NDArray[Any]:
    """One threshold for each gap between ascending probabilities `[K]`, including both ends: `[K + 1]`."""
    zero, one, infinity = np.array([0.0, 1.0, np.inf], distinct.dtype)
    below = np.append(distinct.min(initial=zero), distinct)
    # No score may reach the last threshold, not even a score of 1.
    above = np.append(distinct, max(one, np.nextafter(distinct.max(initial=zero), infinity)))
    middle = below + (above - below) / 2
    # Adjacent floats have no midpoint; `above` itself still separates them.
    return np.where(middle > below, middle, above)
