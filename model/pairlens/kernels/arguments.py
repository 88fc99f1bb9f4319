"""The arguments of kernels: named arrays, declared once, checked before every call, and read by name in the kernel.

A kernel gets one address: that of a table with a row (address, rows, columns) for each array, in the order of its
signature. No other module depends on that order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray


class Argument(NamedTuple):
    """An array: its type, a description of its shape such as `[B, units], filled`, and its number of dimensions."""

    dtype: np.dtype[Any]
    shape: str
    rank: int


class Signature:
    """The name of a kernel, and its arguments by name."""

    def __init__(self, name: str, **arguments: Argument) -> None:
        self.name, self.arguments = name, arguments

    def table(self, arrays: Mapping[str, NDArray[Any]]) -> NDArray[np.int64]:
        """Make the kernel's table, a row (address, rows, columns) for each array: int64 [arguments, 3].

        Raises:
            TypeError: an argument is missing or unknown, or has the wrong type, rank or layout.
        """
        if arrays.keys() != self.arguments.keys():
            wrong = ", ".join(sorted(arrays.keys() ^ self.arguments.keys()))
            raise TypeError(f"kernel {self.name}: missing or unknown: {wrong}")
        rows = [self._row(name, argument, arrays[name]) for name, argument in self.arguments.items()]
        return np.array(rows, np.int64)

    def _row(self, name: str, argument: Argument, x: Any) -> tuple[int, int, int]:
        dtype, _, rank = argument
        if not (isinstance(x, np.ndarray) and x.dtype == dtype and x.ndim == rank and x.flags.c_contiguous):
            raise TypeError(f"kernel {self.name}: {name} is {_show(x)}; must be {_show_expected(argument)}")
        shape = x.shape
        return x.ctypes.data, shape[0], shape[-1]


def _show(x: Any) -> str:
    return f"{x.dtype} {list(x.shape)}, strides {list(x.strides)}" if isinstance(x, np.ndarray) else str(type(x))


def _show_expected(argument: Argument) -> str:
    return f"C-contiguous {argument.dtype.name} {argument.shape}"


def of(dtype: DTypeLike, shape: str) -> Argument:
    return Argument(np.dtype(dtype), shape, rank=shape.partition("]")[0].count(",") + 1)


def floats(shape: str) -> Argument:
    return of(np.float32, shape)


def ids(shape: str) -> Argument:
    """Token ids, or indices of tokens in a table."""
    return of(np.int32, shape)


def integers(shape: str) -> Argument:
    return of(np.int64, shape)
