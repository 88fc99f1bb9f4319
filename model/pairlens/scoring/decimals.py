"""The one way in which a float32 becomes text: the shortest decimal number from which the same float32 is read back."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from pairlens.kernels import signatures
from pairlens.kernels.loader import call

_TENS = [(float(10**k), float(Fraction(10**k) - Fraction(float(10**k)))) for k in range(54)]
_POWERS = np.array(_TENS)  # a sum of two float64 each: 106 bits
_HALVES = 2.0 ** (np.maximum(np.arange(255), 1) - 151.0)
_LONGEST = len("-1.23456789e-05 ")
_SCIENTIFIC = 1e7  # where an exponent begins, and what the kernel writes ends


def decimal_lines(numbers: NDArray[np.float32]) -> str:
    """Each row of numbers [rows] or [rows, columns] as a line, a blank between two numbers.

    A number is the shortest decimal that reads back as the same float32, and of equally short ones the nearest: NumPy's
    digits, in the look of Python's `%g`, with an exponent below 0.0001 and from 1e7 on.
    """
    columns = np.ascontiguousarray(numbers[:, np.newaxis] if numbers.ndim == 1 else numbers, np.float32)
    out, count = np.empty(columns.size * _LONGEST, np.uint8), np.empty(1, np.int64)
    tables = {"powers": _POWERS, "halves": _HALVES}
    call(signatures.DECIMALS, numbers=columns, bits=columns.view(np.int32), **tables, out=out, count=count)
    if count[0] >= 0:
        return out[: count[0]].tobytes().decode("ascii")
    return "".join(" ".join(map(_decimal, row)) + "\n" for row in columns)  # of numbers hardly scores: slower


def shortest(numbers: NDArray[np.float32] | np.float32) -> NDArray[np.float64]:
    """The float64 of the same shape that Python and JSON write with the digits of `decimal_lines`."""
    return np.array(decimal_lines(np.ravel(numbers)).split(), np.float64).reshape(np.shape(numbers))


def _decimal(number: np.float32) -> str:
    if not np.isfinite(number):
        return str(number)
    if abs(number) >= _SCIENTIFIC:
        return np.format_float_scientific(number, trim="-", exp_digits=2)
    return decimal_lines(np.array([number]))[:-1]
