"""Reads the thresholds in runs of this and of earlier versions."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from pairlens.errors import RunError
from pairlens.locations.location import Location
from pairlens.runs.json_files import read_evaluation

Default = TypeVar("Default", float, None)


def fitted(path: Location, name: str, default: Default) -> float | Default:
    """Read a number of an evaluation; the default if it has none of this name.

    Raises:
        RunError: it is not a finite number.
    """
    evaluation = read_evaluation(path) or {}
    if name not in evaluation:
        return default
    threshold = evaluation[name]
    if not isinstance(threshold, float) or not abs(threshold) <= float(np.finfo(np.float32).max):
        raise RunError(f"{path}: {name} is {threshold!r}; must be a finite 32-bit number such as 0.5")
    return threshold


def as_float32(threshold: float) -> float:
    """Return a threshold with the digits of a float32, like scores.

    A threshold from before 0.3.0 has more digits; it is rounded up, so that it decides float32 scores as before.
    """
    nearest = np.float32(threshold)
    if float(nearest) < threshold != float(str(nearest)):
        nearest = np.nextafter(nearest, np.float32(np.inf))
    return float(str(nearest))
