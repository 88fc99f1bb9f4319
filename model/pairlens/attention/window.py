"""The part of a long text that is shown: where the attention is strongest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def strongest_window(weights: NDArray[np.float64], strongest: int, size: int) -> slice:
    """The `size` neighbours of `weights` [n] that weigh most, `strongest` among them."""
    size = min(size, len(weights))
    before = np.concatenate(([0.0], np.cumsum(weights)))
    starts = range(max(0, strongest - size + 1), min(strongest, len(weights) - size) + 1)
    start = max(starts, key=lambda start: float(before[start + size] - before[start]))
    return slice(start, start + size)


def side_shown(name: str, part: slice, length: int, dash: str = "–") -> str:
    """`name` of a text with so many tokens, and which of its positions are shown if not all are."""
    whole = part == slice(0, length)
    return name if whole else f"{name} (positions {part.start}{dash}{part.stop - 1} of {length})"
