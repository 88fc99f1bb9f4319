"""What a kernel takes: arrays by name, declared once, checked before every call, and read by name in the kernel.

A kernel gets one address: that of a table with a row (address, rows, columns) for each array, in the order in which its
signature names them. No other place knows that order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray


class Argument(NamedTuple):
    """An array: its type, and its shape in words, such as `[B, units], filled`."""

    dtype: np.dtype[Any]
    shape: str

    @property
    def rank(self) -> int:
        return self.shape.partition("]")[0].count(",") + 1


class Signature:
    """The arguments of the kernel `name`, by their names."""

    def __init__(self, name: str, **arguments: Argument) -> None:
        self.name, self.arguments = name, arguments

    def table(self, arrays: Mapping[str, NDArray[Any]]) -> NDArray[np.int64]:
        """The rows (address, rows, columns) of the arrays that a kernel is called with: int64 [arguments, 3].

        Raises:
            TypeError: an argument is missing or unknown, or of another type, rank or layout than it must be.
        """
        if arrays.keys() != self.arguments.keys():
            wrong = ", ".join(sorted(arrays.keys() ^ self.arguments.keys()))
            raise TypeError(f"kernel {self.name}: missing or unknown: {wrong}")
        rows = [self._row(name, argument, arrays[name]) for name, argument in self.arguments.items()]
        return np.array(rows, np.int64)

    def _row(self, name: str, argument: Argument, x: NDArray[Any]) -> tuple[int, int, int]:
        fits = isinstance(x, np.ndarray) and x.dtype == argument.dtype and x.ndim == argument.rank
        if not (fits and x.flags.c_contiguous):
            found = f"{x.dtype} {list(x.shape)}, strides {list(x.strides)}" if isinstance(x, np.ndarray) else type(x)
            wanted = f"C-contiguous {argument.dtype.name} {argument.shape}"
            raise TypeError(f"kernel {self.name}: {name} is {found}; must be {wanted}")
        return x.__array_interface__["data"][0], x.shape[0], x.shape[-1]


def of(dtype: DTypeLike, shape: str) -> Argument:
    return Argument(np.dtype(dtype), shape)


def floats(shape: str) -> Argument:
    return of(np.float32, shape)


def ids(shape: str) -> Argument:
    """Ids of tokens, or their places in a table."""
    return of(np.int32, shape)


def integers(shape: str) -> Argument:
    return of(np.int64, shape)
