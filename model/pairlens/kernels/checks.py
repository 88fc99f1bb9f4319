"""The checked build of the kernels: with PAIRLENS_CHECK_KERNELS=1 they are compiled with bounds checks.

Kernels work on addresses, which Numba's own bounds checks cannot see. In this build a row, column or vector outside of
its argument is not accessed, and `call` raises IndexError with the kernel, the argument and the index.
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
SYMBOL = "pairlens_out_of_bounds"  # kernels call it with (address of an array, index, limit)
_local = threading.local()


def _note(address: int, index: int, limit: int) -> None:
    _local.first = getattr(_local, "first", None) or (address, index, limit)


_callback = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64)(_note)


@cache
def link() -> None:
    """Make SYMBOL known to compiled code."""
    import llvmlite.binding as llvm

    llvm.add_symbol(SYMBOL, ctypes.cast(_callback, ctypes.c_void_p).value)


def raise_fault(signature: Signature, table: NDArray[np.int64]) -> None:
    """Raise IndexError if the kernel that this thread has just called reported an access out of bounds."""
    first = getattr(_local, "first", None)
    if first is None:
        return
    _local.first = None
    address, index, limit = first
    found = "a buffer of its own"
    for (name, argument), (start, rows, columns) in zip(signature.arguments.items(), table.tolist(), strict=True):
        size = argument.dtype.itemsize * rows * (columns if argument.rank == 2 else 1)
        if start <= address < start + size or (size == 0 and address == start):
            found = name
    raise IndexError(f"kernel {signature.name}: {found}: index {index} is out of bounds; the limit is {limit}")
