"""A dense layer before its activation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pairlens.kernels import signatures
from pairlens.kernels.loader import call
from pairlens.kernels.threads import Each

Floats = NDArray[np.float32]

_PART_ROWS = 2048


def dense(rows: Floats, kernel: Floats, bias: Floats | None = None, each: Each = map) -> Floats:
    """rows [rows, inputs] @ kernel [inputs, units] + bias [units]; no row depends on the others."""
    bias = np.zeros(kernel.shape[1], np.float32) if bias is None else bias
    out = np.empty((len(rows), len(bias)), np.float32)

    def fill(start: int) -> None:
        part = slice(start, start + _PART_ROWS)
        call(signatures.DENSE, x=rows[part], kernel=kernel, bias=bias, out=out[part])

    list(each(fill, range(0, len(rows), _PART_ROWS)))  # list() waits for all parts
    return out
