"""Functions that the metrics share: checks of arrays, and sums over weighted pairs, in float64.

A weight is the number of times that a pair counts, so the same code serves the original pairs (all ones) and the
resamples of a bootstrap. Weights are rows [R, N], and each row gives one value of a metric.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pairlens.errors import PairlensError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def checked(label: NDArray[Any], score: NDArray[Any], score_shape: str = "[N]") -> tuple[Floats, Floats]:
    """Return labels [N] and scores of shape `score_shape`, such as `[N]` or `[N, C]`, as float64.

    Raises:
        PairlensError: a score is not finite.
        ValueError: a shape is wrong.
    """
    label, score = np.asarray(label, dtype=np.float64), np.asarray(score, dtype=np.float64)
    if label.ndim != 1 or score.ndim != score_shape.count(",") + 1 or len(label) != len(score):
        raise ValueError(
            f"label and score: found shapes {label.shape} and {score.shape}; must be [N] and {score_shape}"
        )
    refuse_broken(score)
    return label, score


def refuse_broken(score: Floats) -> None:
    """Raise PairlensError for the first pair whose score is not finite."""
    broken = ~np.isfinite(score)
    if broken.any():
        first = tuple(np.argwhere(broken)[0])
        count = int(broken.reshape(len(score), -1).any(axis=1).sum())
        raise PairlensError(
            f"pair {first[0]}: its score is {score[first]} ({count} of {len(score)} are not finite); "
            "training has diverged: train again with a lower training.optimizer.learning_rate"
        )


def ratio(part: Floats, whole: Floats, empty: float = np.nan) -> Floats:
    """part / whole, but `empty` where whole is 0."""
    quotient = np.full(whole.shape, empty)
    np.divide(part, whole, out=quotient, where=whole != 0)
    return quotient


def sums_by(index: Ints, weight: Floats, size: int) -> Floats:
    """Sums of the weights [R, N] of all pairs with the same index [N] below `size`: [R, size]."""
    return np.array([np.bincount(index, row, size) for row in weight]).reshape(len(weight), size)


def log_losses(probability: Floats) -> Floats:
    """-ln of the label's predicted probability, clipped to [eps, 1 - eps] of float64."""
    eps = np.finfo(np.float64).eps
    losses: Floats = -np.log(np.clip(probability, eps, 1 - eps))
    return losses


def matthews(right: Floats, labels: Floats, predicted: Floats) -> Floats:
    """Matthews's correlation of label and predicted class [R]; 0 if all labels or all predictions are one class.

    The R_K statistic of Gorodkin (2004), which with two classes is the phi of Matthews (1975).

    Args:
        right: [R], the numbers of correct predictions.
        labels, predicted: [R, C], the numbers of labels and of predictions of each class.
    """
    n = labels.sum(axis=1)
    covariance = right * n - (labels * predicted).sum(axis=1)
    spread = (n**2 - (labels**2).sum(axis=1)) * (n**2 - (predicted**2).sum(axis=1))
    return ratio(covariance, np.sqrt(spread), empty=0.0)
