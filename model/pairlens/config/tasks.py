"""The tasks, with the dev metrics and the training losses that each allows."""

from __future__ import annotations

from typing import Literal

Task = Literal["binary", "regression", "multiclass", "ranking"]
Loss = Literal["cross_entropy", "mse", "mae", "huber", "pairwise", "listwise"]

TASK_METRICS: dict[str, tuple[str, ...]] = {  # the first is what `early_stopping.metric: auto` means
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
TASK_LOSSES: dict[str, tuple[Loss, ...]] = {  # the first is what `loss: auto` means
    "binary": ("cross_entropy",),
    "regression": ("mse", "mae", "huber"),
    "multiclass": ("cross_entropy",),
    "ranking": ("cross_entropy", "pairwise", "listwise"),
}
GROUP_LOSSES: tuple[Loss, ...] = ("pairwise", "listwise")  # those that need the pairs of a group in one batch
