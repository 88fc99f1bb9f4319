"""Numbers as text, digit by digit (see decimals.py)."""

from __future__ import annotations

import math

import numpy as np
from llvmlite import ir
from numba import types

from pairlens.kernels import signatures
from pairlens.kernels.simd.compiled import compiled, kernel
from pairlens.kernels.simd.instructions import function, instruction

_DIGITS, _MOST = 7, 9  # significant ones to begin with, and those that are always enough
_LEAST, _END = 10 ** (_DIGITS - 1), 10**_DIGITS
_ZERO, _POINT, _MINUS, _E, _BLANK, _NEWLINE = b"0.-e \n"

_double = ir.DoubleType()
# _fma(x, y, z): x * y + z, rounded once.
_fma = instruction(types.float64, types.float64, types.float64, types.float64)(
    function("llvm.fma.f64", _double, _double, _double, _double)
)


@compiled()
def _nearest(x, high, low):
    """The integer nearest to x * (high + low), to the even one of two, and by how much it is larger.

    Both are exact up to a power of 10**22, which float64 holds; beyond it nothing is ever so near to a tie that the
    rounding of what is left could matter (Adams 2018, "Ryū: fast float-to-string conversion", section 3.3).
    """
    product = x * high
    error = _fma(x, high, -product) + x * low  # by which the exact product is larger
    whole = np.int64(math.floor(product))
    above_half = product - whole - 0.5
    if above_half > 0.0 or (above_half == 0.0 and (error > 0.0 or (error == 0.0 and whole % 2 == 1))):
        whole += 1
    return whole, (whole - product) - error


@compiled()
def _reads_back(x, high, low, below, above, even):
    """The integer nearest to x * (high + low) from which x is read back, or 0; see `_shortest`."""
    number, excess = _nearest(x, high, low)
    if excess < 0.0 and -excess > below * high:  # below a power of two the next float is nearer than above it
        number, excess = number + 1, excess + 1.0
    limit = (above if excess > 0.0 else below) * high
    distance = abs(excess)
    return number if distance < limit or (distance == limit and even) else np.int64(0)


@compiled()
def _shortest(x, bits, k, powers, halves):
    """The shortest decimal number from which x is read back, of equally short ones the nearest: its digits as an
    integer, and their count.

    x is read back from what lies between the middles to its neighbours below and above, of its own type; the middles
    themselves are rounded to the even one.
    """
    exponent, even = (bits >> 23) & 255, bits % 2 == 0
    above = halves[exponent]
    below = 0.5 * above if bits & 0x7FFFFF == 0 and exponent > 1 else above
    digits = _DIGITS
    if 2.0 * above * powers[k, 0] > 1.0:  # it stands for several numbers of seven digits
        digits = max(1, _DIGITS - k)  # no fewer than stand before the point
    while digits < _MOST:
        power = k + digits - _DIGITS
        number = _reads_back(x, powers[power, 0], powers[power, 1], below, above, even)
        if number > 0:
            return number, digits
        digits += 1
    power = k + _MOST - _DIGITS
    return _nearest(x, powers[power, 0], powers[power, 1])[0], digits


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
def _write(x, bits, powers, halves, out, at):
    """Write a number; returns the place behind it, or -1 if it is too large."""
    if bits < 0:
        out[at] = _MINUS
        at, x = at + 1, -x
    if x == 0.0:
        return _write_integer(0, 1, out, at)
    if not x < _END:
        return -1
    k = 0  # such that the seven first digits are those of x * 10**k
    while x * powers[k, 0] < _LEAST:
        k += 1
    number, digits = _shortest(x, bits, k, powers, halves)
    exponent = _DIGITS - 1 - k
    if number == np.int64(powers[digits, 0]):
        exponent += 1
    while number % 10 == 0:
        number //= 10
        digits -= 1
    digits = max(digits, 1)  # of 10**7 there are none left
    if exponent < -4:
        scale = np.int64(powers[digits - 1, 0])
        at = _write_integer(number // scale, 1, out, at)
        at = _write_fraction(number % scale, digits - 1, out, at)
        out[at], out[at + 1] = _E, _MINUS
        return _write_integer(-exponent, 2, out, at + 2)
    behind = max(digits - 1 - exponent, 0)  # the point
    if behind == 0:
        return _write_integer(number * np.int64(powers[exponent + 1 - digits, 0]), exponent + 1, out, at)
    scale = np.int64(powers[behind, 0])
    at = _write_integer(number // scale, max(exponent, 0) + 1, out, at)
    return _write_fraction(number % scale, behind, out, at)


@kernel(signatures.DECIMALS)
def decimals(a):
    """Every row of numbers as a line of text, with a blank between two."""
    numbers, bits, out, count = a.numbers, a.bits, a.out, a.count
    columns, at, count[0] = numbers.shape[1], 0, -1
    for row in range(numbers.shape[0]):
        for column in range(columns):
            at = _write(np.float64(numbers[row, column]), bits[row, column], a.powers, a.halves, out, at)
            if at < 0:
                return
            out[at] = _BLANK if column < columns - 1 else _NEWLINE
            at += 1
    count[0] = at
