"""Numbers as text, digit by digit (see decimals.py)."""

from __future__ import annotations

import math

import numpy as np
from llvmlite import ir
from numba import types

from pairlens.kernels import signatures
from pairlens.kernels.simd.compiled import compiled, kernel
from pairlens.kernels.simd.instructions import function, instruction

_DIGITS = 7  # significant ones
_LEAST, _END = 10 ** (_DIGITS - 1), 10**_DIGITS
_ZERO, _POINT, _MINUS, _E, _BLANK, _NEWLINE = b"0.-e \n"

_double = ir.DoubleType()
# _fma(x, y, z): x * y + z, rounded once.
_fma = instruction(types.float64, types.float64, types.float64, types.float64)(
    function("llvm.fma.f64", _double, _double, _double, _double)
)


@compiled()
def _rounded(x, power):
    """x * power to the nearest integer, to the even one of two; `power` is exact, and the product is below 2**52."""
    product = x * power
    error = _fma(x, power, -product)  # by which the exact product is larger
    whole = np.int64(math.floor(product))
    above_half = product - whole - 0.5
    if above_half > 0.0 or (above_half == 0.0 and (error > 0.0 or (error == 0.0 and whole % 2 == 1))):
        whole += 1
    return whole


@compiled()
def _write_integer(number, digits, out, at):
    """Write so many digits; returns the place behind them."""
    for i in range(at + digits - 1, at - 1, -1):
        out[i] = _ZERO + number % 10
        number //= 10
    return at + digits


@compiled()
def _write_fraction(number, digits, out, at):
    """Write a point and so many digits, if there are any."""
    if digits > 0:
        out[at] = _POINT
        at = _write_integer(number, digits, out, at + 1)
    return at


@compiled()
def _write(x, powers, out, at):
    """Write a number; returns the place behind it, or -1 if it is too large or too small."""
    if x < 0.0 or (x == 0.0 and math.copysign(1.0, x) < 0.0):
        out[at] = _MINUS
        at, x = at + 1, -x
    if x == 0.0:
        return _write_integer(0, 1, out, at)
    if not x < _END:
        return -1
    k = 0  # such that the significant digits are those of x * 10**k
    while x * powers[k] < _LEAST:
        k += 1
        if k == powers.size:
            return -1
    number = _rounded(x, powers[k])
    exponent, digits = _DIGITS - 1 - k, _DIGITS
    if number == _END:
        exponent += 1
    while number % 10 == 0:
        number //= 10
        digits -= 1
    digits = max(digits, 1)  # of 10**7 there are none left
    if exponent < -4:
        scale = np.int64(powers[digits - 1])
        at = _write_integer(number // scale, 1, out, at)
        at = _write_fraction(number % scale, digits - 1, out, at)
        out[at], out[at + 1] = _E, _MINUS
        return _write_integer(-exponent, 2, out, at + 2)
    behind = max(digits - 1 - exponent, 0)  # the point
    if behind == 0:
        return _write_integer(number * np.int64(powers[exponent + 1 - digits]), exponent + 1, out, at)
    scale = np.int64(powers[behind])
    at = _write_integer(number // scale, max(exponent, 0) + 1, out, at)
    return _write_fraction(number % scale, behind, out, at)


@kernel(signatures.DECIMALS)
def decimals(a):
    """Every row of numbers as a line of text, with a blank between two."""
    numbers, powers, out, count = a.numbers, a.powers, a.out, a.count
    columns, at, count[0] = numbers.shape[1], 0, -1
    for row in range(numbers.shape[0]):
        for column in range(columns):
            at = _write(np.float64(numbers[row, column]), powers, out, at)
            if at < 0:
                return
            out[at] = _BLANK if column < columns - 1 else _NEWLINE
            at += 1
    count[0] = at
