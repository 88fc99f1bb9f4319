"""Thresholds as runs keep them, of this version and of earlier ones."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import numpy as np

from pairlens.errors import RunError
from pairlens.runs.json_files import read_evaluation

Default = TypeVar("Default", float, None)


def fitted(path: Path, name: str, default: Default) -> float | Default:
    """A number of an evaluation, or the default where it has none of this name.

    Raises:
        RunError: it is not finite, or no number.
    """
    evaluation = read_evaluation(path) or {}
    if name not in evaluation:
        return default
    threshold = evaluation[name]
    if not isinstance(threshold, float) or not abs(threshold) <= float(np.finfo(np.float32).max):
        raise RunError(f"{path}: {name} is {threshold!r}; must be a finite 32-bit number such as 0.5")
    return threshold


def as_float32(threshold: float) -> float:
    """A threshold in the digits of a float32, as scores are.

    One from before 0.3.0 has more digits. It is rounded up, and so decides among float32 scores as it did.
    """
    nearest = np.float32(threshold)
    if float(nearest) < threshold != float(str(nearest)):
        nearest = np.nextafter(nearest, np.float32(np.inf))
    return float(str(nearest))
