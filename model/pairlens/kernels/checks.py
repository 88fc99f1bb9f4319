"""The checked build of the kernels: PAIRLENS_CHECK_KERNELS=1 compiles them so that every access looks at its bounds.

Kernels work on addresses, which Numba's own bounds checks cannot see. In this build a row, a column or a vector that
lies outside of its argument is not touched, and `call` raises IndexError with the kernel, the argument and the index.
"""

from __future__ import annotations

import ctypes
import os
import threading
from functools import cache

import numpy as np
from numpy.typing import NDArray

from pairlens.kernels.arguments import Signature

CHECKED = os.environ.get("PAIRLENS_CHECK_KERNELS", "") not in ("", "0")
SYMBOL = "pairlens_out_of_bounds"  # what a kernel calls with the address of an array, an index and its limit
_local = threading.local()


def _note(address: int, index: int, limit: int) -> None:
    _local.first = getattr(_local, "first", None) or (address, index, limit)


_callback = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64)(_note)


@cache
def link() -> None:
    """Let compiled code find what it reports to."""
    import llvmlite.binding as llvm

    llvm.add_symbol(SYMBOL, ctypes.cast(_callback, ctypes.c_void_p).value)


def raise_fault(signature: Signature, table: NDArray[np.int64]) -> None:
    """Raises IndexError if the kernel that was just called in this thread reported an access out of bounds."""
    first = getattr(_local, "first", None)
    if first is None:
        return
    _local.first = None
    address, index, limit = first
    found = "room of its own"
    for (name, argument), (start, rows, columns) in zip(signature.arguments.items(), table.tolist(), strict=True):
        size = argument.dtype.itemsize * rows * (columns if argument.rank == 2 else 1)
        if start <= address < start + size or (size == 0 and address == start):
            found = name
    raise IndexError(f"kernel {signature.name}: {found}: index {index} is out of bounds, which end at {limit}")
