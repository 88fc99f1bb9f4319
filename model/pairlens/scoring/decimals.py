"""Write float32 and float16 numbers as the shortest decimals that read back as the same numbers."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from pairlens.kernels import signatures
from pairlens.kernels.loader import call

_TENS = [(float(10**k), float(Fraction(10**k) - Fraction(float(10**k)))) for k in range(54)]
_POWERS = np.array(_TENS)  # each power is the sum of two float64: 106 bits
_HALVES, _HALVES_16 = (2.0 ** (np.maximum(np.arange(255), 1) - least) for least in (151.0, 26.0))
_LONGEST = len("-1.23456789e-05 ")
_SCIENTIFIC = 1e7  # from here on a number has an exponent, and the kernel does not write it


def decimal_lines(numbers: NDArray[np.floating]) -> str:
    """Write each row of numbers [rows] or [rows, columns] as a line, with a blank between two numbers.

    A number is the shortest decimal that reads back as the same float32 (or float16, for float16 numbers), and the
    nearest among equally short ones: the digits that NumPy writes, in the format of Python's `%g`, with an exponent
    below 0.0001 and from 1e7 on.
    """
    small = numbers.dtype == np.float16
    given = np.ascontiguousarray(
        numbers[:, np.newaxis] if numbers.ndim == 1 else numbers, None if small else np.float32
    )
    columns, bits = given.astype(np.float32, copy=False), _spread(given) if small else given.view(np.int32)
    out, count = np.empty(columns.size * _LONGEST, np.uint8), np.empty(1, np.int64)
    tables = {"powers": _POWERS, "halves": _HALVES_16 if small else _HALVES}
    call(signatures.DECIMALS, numbers=columns, bits=bits, **tables, out=out, count=count)
    if count[0] >= 0:
        return out[: count[0]].tobytes().decode("ascii")
    return "".join(" ".join(map(_decimal, row)) + "\n" for row in given)  # slower; scores are hardly ever so large


def shortest(numbers: NDArray[np.float32] | np.float32) -> NDArray[np.float64]:
    """The numbers as float64 of the same shape, which Python and JSON write with the digits of `decimal_lines`."""
    return np.array(decimal_lines(np.ravel(numbers)).split(), np.float64).reshape(np.shape(numbers))


def _spread(numbers: NDArray[np.float16]) -> NDArray[np.int32]:
    """The bits of float16 numbers, with sign and exponent moved to their positions in a float32."""
    bits = numbers.view(np.uint16).astype(np.uint32)
    return ((bits & 0x8000) << 16 | (bits & 0x7C00) << 13 | bits & 0x03FF).view(np.int32)


def _decimal(number: np.floating) -> str:
    if not np.isfinite(number):
        return str(number)
    if abs(float(number)) >= _SCIENTIFIC:
        return np.format_float_scientific(number, trim="-", exp_digits=2)
    return decimal_lines(np.array([number]))[:-1]
