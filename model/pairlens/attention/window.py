"""The part of a long text to show: where the attention is strongest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def strongest_window(weights: NDArray[np.float64], strongest: int, size: int) -> slice:
    """The window of `size` neighbouring weights [n] with the largest sum that includes the index `strongest`."""
    size = min(size, len(weights))
    before = np.concatenate(([0.0], np.cumsum(weights)))
    starts = range(max(0, strongest - size + 1), min(strongest, len(weights) - size) + 1)
    start = max(starts, key=lambda start: float(before[start + size] - before[start]))
    return slice(start, start + size)


def side_shown(name: str, part: slice, length: int, dash: str = "–") -> str:
    """The name of a text of `length` tokens, with the shown positions unless all are shown."""
    whole = part == slice(0, length)
    return name if whole else f"{name} (positions {part.start}{dash}{part.stop - 1} of {length})"
