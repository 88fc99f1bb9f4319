"""What the kernels share: how they are compiled, and how they find their arguments.

A kernel has one C argument: the address of rows (address, first dimension, second dimension), one for each array that
it was called with (see native.py). It allocates nothing and raises nothing, so it needs no Python while it runs.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from llvmlite import ir
from numba import carray, cfunc, njit, types

from pairlens.kernels.simd.instructions import NOTHING, POINTER, function, instruction

FAST = {"reassoc", "contract", "nsz", "arcp"}  # sums may be reordered and fused; NaN and infinity keep their meaning
ZERO = np.float32(0.0)
ONE = np.float32(1.0)
LOWEST = np.float32(-np.inf)

compiled = partial(njit, error_model="numpy", forceinline=True)  # a call would pass seven numbers an array
_NUMBER = ir.IntType(32)
_prefetch = function("llvm.prefetch.p0", ir.VoidType(), POINTER, _NUMBER, _NUMBER, _NUMBER)
KERNELS: dict[str, Callable[..., None]] = {}  # by name


def kernel(function: Callable[..., None]) -> Callable[..., None]:
    """Mark a function as one that native.py calls."""
    KERNELS[function.__name__] = function
    return function


def compile_kernel(function: Callable[..., None]) -> tuple[str, str]:
    """LLVM's assembly of a kernel, and the name that it has there."""
    made = cfunc(types.void(types.CPointer(types.int64)), error_model="numpy")(function)
    return made.inspect_llvm(), made.native_name


@instruction(types.voidptr, types.int64)
def _pointer(builder: ir.IRBuilder, address: ir.Value) -> ir.Value:
    """The address as a pointer."""
    return builder.inttoptr(address, POINTER)


@instruction(types.void, types.int64)
def _prefetch_line(builder: ir.IRBuilder, address: ir.Value) -> ir.Value:
    """Ask for the cache line at the address."""
    to_read, first_level, data = _NUMBER(0), _NUMBER(3), _NUMBER(1)
    _prefetch(builder, builder.inttoptr(address, POINTER), to_read, first_level, data)
    return NOTHING


@compiled()
def vector(arguments, index, dtype):
    """The one-dimensional array of a kernel's argument `index`."""
    row = carray(arguments, (3 * index + 3,))[3 * index :]
    return carray(_pointer(row[0]), (row[1],), dtype)


@compiled()
def matrix(arguments, index, dtype):
    """The two-dimensional array of a kernel's argument `index`."""
    row = carray(arguments, (3 * index + 3,))[3 * index :]
    return carray(_pointer(row[0]), (row[1], row[2]), dtype)


@compiled()
def start_of(x):
    """The address of an array."""
    return np.int64(x.ctypes.data)


@compiled()
def row_of(x, i):
    """The address of row i of a float32 matrix."""
    return start_of(x) + 4 * x.shape[1] * i


@compiled()
def as_matrix(x, start, rows, columns):
    """The float32 numbers of a one-dimensional array from `start` on, as a matrix."""
    return carray(_pointer(start_of(x) + 4 * start), (rows, columns), np.float32)


@compiled()
def prefetch(x, start, stop):
    """Ask for rows of a float32 matrix, to be near when they are wanted."""
    for line in range(row_of(x, start), row_of(x, stop), 64):
        _prefetch_line(line)


@compiled()
def is_real(token, mask_zero):
    """False for a token that `mask_zero` makes padding."""
    return token != 0 or mask_zero == 0


@compiled()
def same_ids(text, other):
    """Whether two texts are equal."""
    if text.size != other.size:
        return False
    for i in range(text.size):
        if text[i] != other[i]:
            return False
    return True
