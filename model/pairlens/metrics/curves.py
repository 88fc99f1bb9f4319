"""Curves over all thresholds, and a way to draw one of a million points with only a few."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairlens.metrics.arrays import Floats, Ints, ratio
from pairlens.metrics.order import checked_order, cuts, probabilities


class Curve(NamedTuple):
    """The corners of a line, from the highest threshold down, each array [K]; nan if a class that it needs is missing.

    A corner's x and y result from predicting positive where `score >= threshold`.
    """

    x: Floats
    y: Floats
    threshold: Floats

    def thin(self, tolerance: float) -> Curve:
        """The curve without the corners within `tolerance` of the line through the others."""
        kept = thin(self.x, self.y, tolerance)
        return Curve(self.x[kept], self.y[kept], self.threshold[kept])


def roc_curve(label: NDArray[Any], score: NDArray[Any]) -> Curve:
    """The receiver operating characteristic: false positive rate and recall, from (0, 0) to (1, 1) [cuts + 1].

    The area under the straight lines between the corners is `roc_auc`.
    """
    threshold, predicted, hits = _cuts_downwards(label, score)
    rate, recall = _share_of_last(predicted - hits), _share_of_last(hits)
    return Curve(*(np.append(start, side) for start, side in ((0, rate), (0, recall), (np.inf, threshold))))


def precision_recall_curve(label: NDArray[Any], score: NDArray[Any]) -> Curve:
    """Recall and precision as a step function [2 cuts], the area under which is `average_precision`.

    Each cut has two corners with its precision: one at the recall of the cut before, one at its own recall.
    """
    threshold, predicted, hits = _cuts_downwards(label, score)
    recall, precision = _share_of_last(hits), ratio(hits, predicted)
    before = np.append(0, recall[:-1])
    return Curve(np.stack([before, recall], axis=1).ravel(), np.repeat(precision, 2), np.repeat(threshold, 2))


def _cuts_downwards(label: NDArray[Any], score: NDArray[Any]) -> tuple[Floats, Floats, Floats]:
    """The distinct scores, descending [K]; the numbers of pairs and of positives at or above each."""
    label, score = checked_order(label, score)
    threshold, predicted, hits = cuts(label == 1, score)
    return probabilities(threshold)[::-1], predicted[::-1].astype(np.float64), hits[::-1].astype(np.float64)


def _share_of_last(counts: Floats) -> Floats:
    return ratio(counts, np.broadcast_to(counts[-1:], counts.shape))


def thin(x: Floats, y: Floats, tolerance: float) -> Ints:
    """The indices [n] of points to keep, such that all others are within `tolerance` of the line through them.

    Points are dropped, never moved (Ramer 1972, Douglas and Peucker 1973).
    """
    keep = np.zeros(len(x), np.bool_)
    keep[[0, -1][: len(x)]] = True
    stack = [(0, len(x) - 1)]
    while stack:
        first, last = stack.pop()
        if last - first < 2:
            continue
        distance = _distances(x[first : last + 1], y[first : last + 1])
        farthest = first + int(distance.argmax())
        if distance.max() > tolerance:
            keep[farthest] = True
            stack += [(first, farthest), (farthest, last)]
    return np.flatnonzero(keep)


def _distances(x: Floats, y: Floats) -> Floats:
    """The distance of each point [n] from the straight line between the first and the last."""
    width, height = x[-1] - x[0], y[-1] - y[0]
    x, y = x - x[0], y - y[0]
    length = width**2 + height**2
    along = np.clip((x * width + y * height) / length, 0, 1) if length else np.zeros_like(x)
    distance: Floats = np.hypot(x - along * width, y - along * height)
    return distance
