"""Labels, scores and groups for every task."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

TASKS = ["binary", "regression", "multiclass", "ranking"]


def example(task: str, pairs: int = 60, seed: int = 1) -> tuple[NDArray[Any], NDArray[np.float64], NDArray[np.int64]]:
    """Labels, scores and groups; the scores have ties, except for multiclass, which has three classes."""
    random = np.random.default_rng(seed)
    score, group = random.integers(0, 21, pairs) / 20, random.integers(0, 9, pairs)
    if task == "multiclass":
        return random.integers(0, 3, pairs), random.dirichlet(np.ones(3), pairs), group
    if task == "regression":
        return random.integers(0, 5, pairs), 5 * score, group
    return random.integers(0, 2, pairs), score, group
