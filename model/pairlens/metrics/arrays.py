"""What the metrics share: checked arrays, and sums over weighted pairs. NumPy alone, in float64.

A weight says how often a pair counts, so one definition serves the pairs as they are (all ones) and every resample of
a bootstrap. Weights come as rows [R, N], and each row gives one value of a metric.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pairlens.errors import PairlensError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def checked(label: NDArray[Any], score: NDArray[Any], score_shape: str = "[N]") -> tuple[Floats, Floats]:
    """Labels [N] and scores of the shape that is written, `[N]` or `[N, C]`, as float64.

    Raises:
        PairlensError: a score is not finite.
        ValueError: the shapes are others.
    """
    label, score = np.asarray(label, dtype=np.float64), np.asarray(score, dtype=np.float64)
    if label.ndim != 1 or score.ndim != score_shape.count(",") + 1 or len(label) != len(score):
        raise ValueError(
            f"label and score: found shapes {label.shape} and {score.shape}; must be [N] and {score_shape}"
        )
    refuse_broken(score)
    return label, score


def refuse_broken(score: Floats) -> None:
    """Raises PairlensError, naming the first pair, unless all scores are finite."""
    broken = ~np.isfinite(score)
    if broken.any():
        first = tuple(np.argwhere(broken)[0])
        count = int(broken.reshape(len(score), -1).any(axis=1).sum())
        raise PairlensError(
            f"pair {first[0]}: its score is {score[first]} ({count} of {len(score)} are not finite); "
            "training has diverged: train again with a lower training.optimizer.learning_rate"
        )


def ratio(part: Floats, whole: Floats, empty: float = np.nan) -> Floats:
    """part / whole, and `empty` where it would be 0 / 0."""
    quotient = np.full(whole.shape, empty)
    np.divide(part, whole, out=quotient, where=whole != 0)
    return quotient


def sums_by(index: Ints, weight: Floats, size: int) -> Floats:
    """Sums of the weights [R, N] of all pairs with the same index [N] below `size`: [R, size]."""
    return np.array([np.bincount(index, row, size) for row in weight]).reshape(len(weight), size)


def log_losses(probability: Floats) -> Floats:
    """-ln of the probability given to the label, that probability being kept in [eps, 1 - eps] of float64."""
    eps = np.finfo(np.float64).eps
    losses: Floats = -np.log(np.clip(probability, eps, 1 - eps))
    return losses


def matthews(right: Floats, labels: Floats, predicted: Floats) -> Floats:
    """Matthews's correlation of label and predicted class [R]; 0 if all labels, or all predictions, are one class.

    The R_K statistic of Gorodkin (2004), which with two classes is the phi of Matthews (1975).

    Args:
        right: [R], how many pairs are predicted right.
        labels, predicted: [R, C], how many pairs have, and are predicted, each class.
    """
    n = labels.sum(axis=1)
    covariance = right * n - (labels * predicted).sum(axis=1)
    spread = (n**2 - (labels**2).sum(axis=1)) * (n**2 - (predicted**2).sum(axis=1))
    return ratio(covariance, np.sqrt(spread), empty=0.0)
