"""Metrics of class probabilities against classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pairlens.errors import DataError
from pairlens.metrics.arrays import Floats, Ints, checked, log_losses, matthews, ratio, sums_by


class MulticlassMetrics:
    """How well class probabilities agree with classes. The most probable class is predicted, the first in a tie.

    - accuracy: the share of pairs whose class is predicted
    - macro_f1: the mean over classes of 2 TP / (2 TP + FP + FN); a class that is neither a label nor predicted is
      excluded, as in scikit-learn
    - mcc: Matthews's correlation, see `matthews`
    - log_loss: mean of -ln(predicted probability of the label)

    Args:
        label: [N], classes from 0 to C - 1.
        score: [N, C], class probabilities.
    """

    def __init__(self, label: NDArray[Any], score: NDArray[Any]) -> None:
        self._label, score = checked_classes(label, score)
        self.units, self._classes = score.shape
        self._predicted = score.argmax(axis=1)
        self._loss = log_losses(score[np.arange(self.units), self._label])

    def __call__(self, weight: Floats) -> dict[str, Floats]:
        """Return each metric [R] for weights [R, N] of the pairs."""
        n = weight.sum(axis=1)
        labels, predicted = (sums_by(index, weight, self._classes) for index in (self._label, self._predicted))
        hits = sums_by(self._label, weight * (self._label == self._predicted), self._classes)
        f1 = ratio(2 * hits, labels + predicted, empty=0.0)
        right = hits.sum(axis=1)
        return {
            "accuracy": ratio(right, n),
            "macro_f1": ratio(f1.sum(axis=1), np.count_nonzero(labels + predicted, axis=1)),
            "mcc": matthews(right, labels, predicted),
            "log_loss": ratio(weight @ self._loss, n),
        }


def checked_classes(label: NDArray[Any], score: NDArray[Any]) -> tuple[Ints, Floats]:
    """Return labels as int64 [N], scores as float64 [N, C].

    Raises:
        DataError: a label is not one of the model's classes. PairlensError: a score is not finite.
        ValueError: a shape is wrong.
    """
    label, score = checked(label, score, "[N, C]")
    C = score.shape[1]
    foreign = np.flatnonzero((label < 0) | (label >= C) | (label != np.floor(label)))
    if foreign.size:
        raise DataError(f"pair {foreign[0]}: its label is {label[foreign[0]]:g}; the model's classes are 0 to {C - 1}")
    return label.astype(np.int64), score
