"""Scores as lines of decimal numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pairlens.kernels import signatures
from pairlens.kernels.loader import call

_POWERS = 10.0 ** np.arange(23)  # those that float64 holds exactly
_LONGEST = len("-1.234567e-05 ")


def decimal_lines(numbers: NDArray[np.float32]) -> str:
    """Each row of numbers [rows] or [rows, columns] as a line, with the seven digits of Python's `%.7g`."""
    columns = np.ascontiguousarray(numbers[:, np.newaxis] if numbers.ndim == 1 else numbers)
    out, count = np.empty(columns.size * _LONGEST, np.uint8), np.empty(1, np.int64)
    call(signatures.DECIMALS, numbers=columns, powers=_POWERS, out=out, count=count)
    if count[0] >= 0:
        return out[: count[0]].tobytes().decode("ascii")
    line = " ".join(["%.7g"] * columns.shape[1]) + "\n"  # for numbers that are hardly scores: slower
    return line * len(columns) % tuple(columns.ravel().tolist())
