"""The metrics of evaluate: how well scores agree with labels. May import config and all below it.

A metric that is undefined for the given data is nan.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pairlens.errors import PairlensError
from pairlens.metrics.binary import BinaryMetrics
from pairlens.metrics.multiclass import MulticlassMetrics, checked_classes
from pairlens.metrics.order import Threshold, at_least
from pairlens.metrics.ranking import RankingMetrics, count_groups
from pairlens.metrics.regression import RegressionMetrics
from pairlens.metrics.threshold import best_threshold, fit_threshold
from pairlens.metrics.worst import worst_pairs

__all__ = [
    "TaskMetrics",
    "Threshold",
    "best_threshold",
    "confusion_matrix",
    "count_groups",
    "evaluate_scores",
    "fit_threshold",
    "higher_is_better",
    "predictions",
    "task_metrics",
    "worst_pairs",
]

TaskMetrics = BinaryMetrics | MulticlassMetrics | RankingMetrics | RegressionMetrics

_LOSSES = frozenset({"brier", "ece", "log_loss", "mse"})


def evaluate_scores(
    task: str,
    label: NDArray[Any],
    score: NDArray[Any],
    threshold: float | Threshold = 0.5,
    group: NDArray[np.int64] | None = None,
) -> dict[str, float]:
    """Return the metrics of a task by name, in the order in which they are reported.

    Args:
        task: `binary`, `regression`, `multiclass` or `ranking`.
        label: `[N]`, in the task's domain.
        score: the model's outputs for the same pairs: `[N]`, for `multiclass` class probabilities `[N, C]`. For
            `binary` and `ranking` it may be `[N, 2]`, scores and logits: see order.py.
        threshold: the lowest probability that counts as positive; only used by `binary`.
        group: int64 `[N]`; only used by `ranking`, which needs it.

    Raises:
        PairlensError: a score is not finite, or the task is unknown.
        DataError: a label is not one of the model's classes.
        ValueError: an array has a wrong shape.
    """
    metrics = task_metrics(task, label, score, threshold, group)
    return {name: float(value[0]) for name, value in metrics(np.ones((1, metrics.units))).items()}


def task_metrics(
    task: str,
    label: NDArray[Any],
    score: NDArray[Any],
    threshold: float | Threshold = 0.5,
    group: NDArray[np.int64] | None = None,
) -> TaskMetrics:
    """Return a function from weights [R, units] to the metrics of a task by name, each [R].

    A unit is what a bootstrap resamples: a pair, or for `ranking` a group; its weight is the number of times it counts.
    Arguments and errors are those of `evaluate_scores`.
    """
    if task == "binary":
        return BinaryMetrics(label, score, threshold)
    if task == "regression":
        return RegressionMetrics(label, score)
    if task == "multiclass":
        return MulticlassMetrics(label, score)
    if task == "ranking":
        if group is None:
            raise ValueError("group: found None; ranking needs the group of each pair")
        return RankingMetrics(label, score, group)
    raise PairlensError(f"task: {task!r} is unknown; must be one of binary, regression, multiclass, ranking")


def higher_is_better(metric: str) -> bool:
    """False for a loss (`brier`, `ece`, `log_loss`, `mse`), true for every other metric."""
    return metric not in _LOSSES


def predictions(score: NDArray[Any], threshold: float | Threshold) -> NDArray[np.bool_]:
    """The predicted class of each pair as bool [N, 2], from scores [N], or [N, 2] with logits."""
    positive = at_least(score, threshold)
    return np.stack([~positive, positive], axis=1)


def confusion_matrix(label: NDArray[Any], score: NDArray[Any], threshold: float | Threshold = 0.5) -> NDArray[np.int64]:
    """Count the pairs of each class (row) that are predicted as each class (column): int64 [C, C].

    Args:
        label: [N], classes.
        score: [N], for which class 1 is predicted from the threshold on (C = 2); or [N, C], class probabilities.
    """
    if score.ndim == 1:
        score = predictions(score, threshold)
    true, probability = checked_classes(label, score)
    C = probability.shape[1]
    return np.bincount(true * C + probability.argmax(axis=1), minlength=C * C).reshape(C, C)
