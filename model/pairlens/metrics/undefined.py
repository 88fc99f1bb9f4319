"""Metrics that are undefined for some labels, whatever the scores."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_NEEDS_POSITIVES = ("roc_auc", "average_precision")
_NEEDS_NEGATIVES = ("roc_auc",)
_NEEDS_VARIANCE = ("pearson", "spearman")


def why_undefined(task: str, metric: str, label: NDArray[Any]) -> str | None:
    """Return why the metric is undefined for the labels [N], or None if it is defined.

    `metric` is one of those that `evaluate_scores` returns for the task.
    """
    if task == "ranking" and not (label == 1).any():
        return "no group has a pair with label 1"
    if metric in _NEEDS_POSITIVES and not (label == 1).any():
        return "no pair has label 1"
    if metric in _NEEDS_NEGATIVES and not (label == 0).any():
        return "no pair has label 0"
    if metric in _NEEDS_VARIANCE and len(np.unique(label)) == 1:
        return f"every label is {label[0]:g}"
    return None
