"""Write numbers as text, digit by digit (see scoring/decimals.py)."""

from __future__ import annotations

import math

import numpy as np
from llvmlite import ir
from numba import types

from pairlens.kernels import signatures
from pairlens.kernels.simd.compiled import compiled, kernel
from pairlens.kernels.simd.instructions import function, instruction

_DIGITS, _MOST = 7, 9  # significant digits to try first, and the number that is always enough
_LEAST, _END = 10 ** (_DIGITS - 1), 10**_DIGITS
_ZERO, _POINT, _MINUS, _E, _BLANK, _NEWLINE = b"0.-e \n"

_double = ir.DoubleType()
# _fma(x, y, z): x * y + z, rounded once.
_fma = instruction(types.float64, types.float64, types.float64, types.float64)(
    function("llvm.fma.f64", _double, _double, _double, _double)
)


@compiled()
def _nearest(x, high, low):
    """Return the integer nearest to x * (high + low), ties to even, and its excess over the exact product.

    Both are exact up to a power of 10**22, which float64 represents exactly. For larger powers no product is so close
    to a tie that the rounding error could matter (Adams 2018, "Ryū: fast float-to-string conversion", section 3.3).
    """
    product = x * high
    error = _fma(x, high, -product) + x * low  # of `product`: the exact product minus it
    whole = np.int64(math.floor(product))
    above_half = product - whole - 0.5
    if above_half > 0.0 or (above_half == 0.0 and (error > 0.0 or (error == 0.0 and whole % 2 == 1))):
        whole += 1
    return whole, (whole - product) - error


@compiled()
def _reads_back(x, high, low, below, above, even):
    """The integer nearest to x * (high + low) if it reads back as x, else 0; see `_shortest`."""
    number, excess = _nearest(x, high, low)
    if excess < 0.0 and -excess > below * high:  # below a power of two the next float is nearer than above it
        number, excess = number + 1, excess + 1.0
    limit = (above if excess > 0.0 else below) * high
    distance = abs(excess)
    return number if distance < limit or (distance == limit and even) else np.int64(0)


@compiled()
def _shortest(x, bits, k, powers, halves):
    """Return the digits, as an integer, and their count, of the shortest decimal that reads back as x, and of the
    nearest among equally short ones.

    A decimal reads back as x if it lies between the midpoints to the neighbouring floats of x's type; a midpoint itself
    rounds to the even neighbour.
    """
    exponent, even = (bits >> 23) & 255, bits % 2 == 0
    above = halves[exponent]
    below = 0.5 * above if bits & 0x7FFFFF == 0 and exponent > 1 else above
    digits = _DIGITS
    if 2.0 * above * powers[k, 0] > 1.0:  # several numbers of seven digits read back as x
        digits = max(1, _DIGITS - k)  # no fewer than there are before the point
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
    """Write `digits` digits of a number; return the index after them."""
    for i in range(at + digits - 1, at - 1, -1):
        out[i] = _ZERO + number % 10
        number //= 10
    return at + digits


@compiled()
def _write_fraction(number, digits, out, at):
    """Write a point and `digits` digits, or nothing for 0 digits; return the index after them."""
    if digits > 0:
        out[at] = _POINT
        at = _write_integer(number, digits, out, at + 1)
    return at


@compiled()
def _write(x, bits, powers, halves, out, at):
    """Write a number; return the index after it, or -1 if it is too large."""
    if bits < 0:
        out[at] = _MINUS
        at, x = at + 1, -x
    if x == 0.0:
        return _write_integer(0, 1, out, at)
    if not x < _END:
        return -1
    k = 0  # x * 10**k has the first seven digits before its point
    while x * powers[k, 0] < _LEAST:
        k += 1
    number, digits = _shortest(x, bits, k, powers, halves)
    exponent = _DIGITS - 1 - k
    if number == np.int64(powers[digits, 0]):
        exponent += 1
    while number % 10 == 0:
        number //= 10
        digits -= 1
    digits = max(digits, 1)  # 10**7 would have lost all of them
    if exponent < -4:
        scale = np.int64(powers[digits - 1, 0])
        at = _write_integer(number // scale, 1, out, at)
        at = _write_fraction(number % scale, digits - 1, out, at)
        out[at], out[at + 1] = _E, _MINUS
        return _write_integer(-exponent, 2, out, at + 2)
    fraction_digits = max(digits - 1 - exponent, 0)
    if fraction_digits == 0:
        return _write_integer(number * np.int64(powers[exponent + 1 - digits, 0]), exponent + 1, out, at)
    scale = np.int64(powers[fraction_digits, 0])
    at = _write_integer(number // scale, max(exponent, 0) + 1, out, at)
    return _write_fraction(number % scale, fraction_digits, out, at)


@kernel(signatures.DECIMALS)
def decimals(a):
    """Write every row of numbers as a line of text, with a blank between two numbers."""
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
