"""What evaluate reports: how well scores agree with labels. May import config and all below it.

A value that the data leaves undefined is nan, so that a report can be written whatever the split holds.
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
    """The metrics of a task, by name, in the order in which they are reported.

    Args:
        task: `binary`, `regression`, `multiclass` or `ranking`.
        label: `[N]`, in the task's domain.
        score: what the model says of the same pairs: `[N]`, with `multiclass` class probabilities `[N, C]`. With
            `binary` and `ranking` it may be `[N, 2]`, scores and logits: see order.py.
        threshold: the least probability that counts as positive; only `binary` uses it.
        group: int64 `[N]`, which `ranking` needs and only `ranking` uses.

    Raises:
        PairlensError: a score is not finite, or the task has no metrics here.
        DataError: a label is no class of the model's.
        ValueError: the arrays have other shapes.
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
    """The metrics of a task as a function of how often each unit counts: weights [R, units] to values [R] by name.

    A unit is what a bootstrap resamples: a pair, or with `ranking` a group. Arguments and errors are those of
    `evaluate_scores`.
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
    raise PairlensError(
        f"task: found {task!r}, which has no metrics; must be one of binary, regression, multiclass, ranking"
    )


def higher_is_better(metric: str) -> bool:
    """False for a loss (`brier`, `ece`, `log_loss`, `mse`), true for every other metric."""
    return metric not in _LOSSES


def predictions(score: NDArray[Any], threshold: float | Threshold) -> NDArray[np.bool_]:
    """Which of both classes [N, 2] each pair is predicted to be of, from scores [N] or [N, 2] with their logits."""
    positive = at_least(score, threshold)
    return np.stack([~positive, positive], axis=1)


def confusion_matrix(label: NDArray[Any], score: NDArray[Any], threshold: float | Threshold = 0.5) -> NDArray[np.int64]:
    """How many pairs of each class (row) are predicted to be of each class (column): int64 [C, C].

    Args:
        label: [N], classes.
        score: [N], where class 1 is predicted from the threshold on (C = 2); or [N, C], where the most probable is.
    """
    if score.ndim == 1:
        score = predictions(score, threshold)
    true, probability = checked_classes(label, score)
    C = probability.shape[1]
    return np.bincount(true * C + probability.argmax(axis=1), minlength=C * C).reshape(C, C)
