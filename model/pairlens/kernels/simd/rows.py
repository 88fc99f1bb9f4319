"""Rows of float32 numbers, passed between functions of kernels by address: views of arrays cost more than the sums.

In the checked build (see checks.py) a row also has its number of columns.
"""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import carray, types

from pairlens.kernels.checks import CHECKED
from pairlens.kernels.simd.bounds import out_of_bounds
from pairlens.kernels.simd.compiled import compiled
from pairlens.kernels.simd.instructions import POINTER, VOID, function, instruction

_NUMBER = ir.IntType(32)
_prefetch = function("llvm.prefetch.p0", ir.VoidType(), POINTER, _NUMBER, _NUMBER, _NUMBER)
LINE = 64  # bytes of a cache line


@instruction(types.voidptr, types.int64)
def _pointer(builder: ir.IRBuilder, address: ir.Value) -> ir.Value:
    """The address as a pointer."""
    return builder.inttoptr(address, POINTER)


@instruction(types.void, types.int64)
def _prefetch_line(builder: ir.IRBuilder, address: ir.Value) -> ir.Value:
    """Ask for the cache line at the address."""
    to_read, first_level, data = _NUMBER(0), _NUMBER(3), _NUMBER(1)
    _prefetch(builder, builder.inttoptr(address, POINTER), to_read, first_level, data)
    return VOID


@compiled()
def start_of(x):
    """The address of an array."""
    return np.int64(x.ctypes.data)


@compiled()
def address_of(x, at, size):
    """The address of `size` bytes, from index `at` on, of a vector of bytes."""
    if CHECKED and not 0 <= at <= x.size - size:
        out_of_bounds(start_of(x), at + size - 1, x.size)
        at = 0
    return start_of(x) + at


if CHECKED:

    @compiled()
    def _row(address, columns):
        """A row with its number of columns."""
        return address, columns

else:

    @compiled()
    def _row(address, _columns):
        """A row."""
        return address


@compiled()
def row_of(x, i, column=0):
    """Row i of a matrix, from a column on."""
    if CHECKED and not (0 <= i < x.shape[0] and 0 <= column <= x.shape[1]):
        out_of_bounds(start_of(x), i, x.shape[0])
        return _row(start_of(x), np.int64(0))
    return _row(start_of(x) + 4 * (x.shape[1] * i + column), x.shape[1] - column)


@compiled()
def as_row(x):
    """A vector as a row."""
    return _row(start_of(x), x.size)


@compiled()
def as_matrix(x, start, rows, columns):
    """The numbers of a vector from `start` on, as a matrix."""
    if CHECKED and not 0 <= start <= x.size - rows * columns:
        out_of_bounds(start_of(x), start + rows * columns - 1, x.size)
        rows = 0
    return carray(_pointer(start_of(x) + 4 * start), (rows, columns), np.float32)


@compiled()
def prefetch(x, start, stop):
    """Prefetch rows of a matrix into the cache."""
    size = 4 * x.shape[1]
    for line in range(start_of(x) + size * start, start_of(x) + size * stop, LINE):
        _prefetch_line(line)
