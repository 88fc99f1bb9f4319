"""The tasks, each with the metrics that may decide on dev and the losses that may train it."""

from __future__ import annotations

from typing import Literal

Task = Literal["binary", "regression", "multiclass", "ranking"]
Loss = Literal["cross_entropy", "mse", "mae", "huber", "pairwise"]

TASK_METRICS: dict[str, tuple[str, ...]] = {  # a task's headline first: what `early_stopping.metric: auto` means
    "binary": (
        "accuracy",
        "precision",
        "recall",
        "f1",
        "mcc",
        "ece",
        "brier",
        "roc_auc",
        "average_precision",
        "log_loss",
    ),
    "regression": ("pearson", "spearman", "mse"),
    "multiclass": ("accuracy", "macro_f1", "mcc", "log_loss"),
    "ranking": ("map", "mrr", "ndcg_at_10", "precision_at_1"),
}
TASK_LOSSES: dict[str, tuple[Loss, ...]] = {  # a task's natural loss first: what `loss: auto` means
    "binary": ("cross_entropy",),
    "regression": ("mse", "mae", "huber"),
    "multiclass": ("cross_entropy",),
    "ranking": ("cross_entropy", "pairwise"),
}
