"""What evaluate reports: how well scores agree with labels. NumPy alone, computed in float64.

A value that the data leaves undefined is nan, so that a report can be written whatever the split holds.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pairlens.errors import PairlensError

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_LOSSES = frozenset({"log_loss", "mse"})


def evaluate_scores(task: str, label: NDArray[Any], score: NDArray[Any], threshold: float = 0.5) -> dict[str, float]:
    """The metrics of a task, by name, in the order in which they are reported.

    Args:
        task: `binary` or `regression`.
        label: `[N]`, in the task's domain.
        score: `[N]`, what the model says of the same pairs.
        threshold: the least probability that counts as positive; only `binary` uses it.

    Raises:
        PairlensError: a score is not finite, or the task has no metrics here.
        ValueError: label and score are not both `[N]`.
    """
    if task == "binary":
        return binary_metrics(label, score, threshold)
    if task == "regression":
        return regression_metrics(label, score)
    raise PairlensError(f"task: found {task!r}, which has no metrics; evaluate a model of task binary or regression")


def higher_is_better(metric: str) -> bool:
    """False for a loss (`log_loss`, `mse`), true for every other metric."""
    return metric not in _LOSSES


def binary_metrics(label: NDArray[Any], score: NDArray[Any], threshold: float = 0.5) -> dict[str, float]:
    """Metrics of probabilities `[N]` against labels `[N]` of 0 and 1; `score >= threshold` is predicted positive.

    With TP, FP, TN, FN the counts of true and false positives and negatives:

    - accuracy = (TP + TN) / N
    - precision = TP / (TP + FP), recall = TP / (TP + FN), f1 = 2 TP / (2 TP + FP + FN); each 0 where it would be 0 / 0
    - roc_auc, average_precision, log_loss: see below; nan where a class that they need is missing

    Raises:
        PairlensError: a score is not finite.
        ValueError: label and score are not both `[N]`.
    """
    label, score = _float64(label, score)
    positive, predicted = label == 1, score >= threshold
    hits, positives, marked = (int(np.count_nonzero(x)) for x in (positive & predicted, positive, predicted))
    return {
        "accuracy": _mean((positive == predicted).astype(np.float64)),
        "precision": _ratio(hits, marked),
        "recall": _ratio(hits, positives),
        "f1": _ratio(2 * hits, positives + marked),
        "roc_auc": _roc_auc(positive, score),
        "average_precision": _average_precision(positive, score),
        "log_loss": _log_loss(positive, score),
    }


def regression_metrics(label: NDArray[Any], score: NDArray[Any]) -> dict[str, float]:
    """Pearson's r, Spearman's rho (both nan if label or score is constant) and mean squared error of scores `[N]`.

    Raises:
        PairlensError: a score is not finite.
        ValueError: label and score are not both `[N]`.
    """
    label, score = _float64(label, score)
    return {
        "pearson": _pearson(label, score),
        "spearman": _pearson(_ranks(label), _ranks(score)),
        "mse": _mean((score - label) ** 2),
    }


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
    label, score = _float64(label, score)
    distinct, predicted, hits = _cuts(label == 1, score)
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


def _cuts(positive: Flags, score: Floats) -> tuple[Floats, NDArray[np.int64], NDArray[np.int64]]:
    """The distinct scores ascending `[K]`; how many pairs score at least that; how many of those are positive."""
    distinct, inverse = np.unique(score, return_inverse=True)
    count = np.bincount(inverse, minlength=distinct.size)
    gain = np.bincount(inverse[positive], minlength=distinct.size)
    return distinct, count[::-1].cumsum()[::-1], gain[::-1].cumsum()[::-1]


def _roc_auc(positive: Flags, score: Floats) -> float:
    """P(a positive scores above a negative), a tie counting one half.

    Area under the receiver operating characteristic, as the Mann-Whitney statistic (Hanley and McNeil 1982).
    """
    P = int(np.count_nonzero(positive))
    N = positive.size - P
    if P == 0 or N == 0:
        return float("nan")
    return float((_ranks(score)[positive].sum() - P * (P + 1) / 2) / (P * N))


def _average_precision(positive: Flags, score: Floats) -> float:
    """Sum over cuts k, from the greatest score down, of (recall_k - recall_{k-1}) precision_k: no interpolation.

    Tied scores are one cut, so their order does not matter.
    """
    _, predicted, hits = _cuts(positive, score)
    if not positive.any():
        return float("nan")
    gain = hits - np.append(hits[1:], 0)
    return float(gain @ (hits / predicted) / hits[0])


def _log_loss(positive: Flags, score: Floats) -> float:
    """Mean of -ln(probability given to the label), that probability being kept in [eps, 1 - eps] of float64."""
    eps = np.finfo(np.float64).eps
    return _mean(-np.log(np.clip(np.where(positive, score, 1 - score), eps, 1 - eps)))


def _pearson(x: Floats, y: Floats) -> float:
    """Covariance over the product of standard deviations (Pearson 1895)."""
    # Equality, not a variance of zero: the mean of equal floats may be off by a rounding.
    if x.size == 0 or np.all(x == x[0]) or np.all(y == y[0]):
        return float("nan")
    x, y = _unit(x), _unit(y)
    return float(np.clip(x @ y, -1, 1))


def _unit(x: Floats) -> Floats:
    """The deviations from the mean, as a vector of length 1."""
    x = x - x.mean()
    x = x / np.abs(x).max()  # lest squares overflow or vanish
    return x / np.sqrt(x @ x)


def _ranks(x: Floats) -> Floats:
    """Ranks from 1; equal values share the mean of their ranks (Spearman 1904)."""
    _, inverse, count = np.unique(x, return_inverse=True, return_counts=True)
    return (count.cumsum() - (count - 1) / 2)[inverse]


def _float64(label: NDArray[Any], score: NDArray[Any]) -> tuple[Floats, Floats]:
    label, score = np.asarray(label, dtype=np.float64), np.asarray(score, dtype=np.float64)
    if label.ndim != 1 or label.shape != score.shape:
        raise ValueError(f"label and score: found shapes {label.shape} and {score.shape}; both must be [N]")
    broken = np.flatnonzero(~np.isfinite(score))
    if broken.size:
        raise PairlensError(
            f"pair {broken[0]}: its score is {score[broken[0]]} ({broken.size} of {score.size} are not finite); "
            "training has diverged: train again with a lower training.optimizer.learning_rate"
        )
    return label, score


def _mean(x: Floats) -> float:
    return float(x.mean()) if x.size else float("nan")


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
