"""From bytes to token ids, 64 bytes at a time (see texts/tokens.py).

A set of the 64 bytes (digits, line ends, ...) is an integer with one bit for each byte; the first byte has the lowest.
"""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import types

from pairlens.kernels import signatures
from pairlens.kernels.simd.compiled import compiled, kernel
from pairlens.kernels.simd.instructions import function, instruction
from pairlens.kernels.simd.rows import address_of

_BITS = ir.IntType(64)
_BYTES = ir.VectorType(ir.IntType(8), 64)
_count_zeros = function("llvm.cttz.i64", _BITS, _BITS, ir.IntType(1))
_count_ones = function("llvm.ctpop.i64", _BITS, _BITS)

_ZERO, _NEWLINE, _TAB, _SPACE = (np.uint8(byte) for byte in b"0\n\t ")
_STEP = 64  # bytes at a time
_SWAR = 8  # digits that are parsed at once in a 64-bit register


def _load_bytes(builder, address):
    """Load 64 bytes."""
    return builder.load(builder.inttoptr(address, _BYTES.as_pointer()), align=1)


def _full(byte):
    return ir.Constant(_BYTES, [int(byte)] * 64)


@instruction(types.int64, types.int64)
def _digits(builder, address):
    """The bytes of 64 that are digits, as bits."""
    from_zero = builder.sub(_load_bytes(builder, address), _full(_ZERO))
    return builder.bitcast(builder.icmp_unsigned("<", from_zero, _full(10)), _BITS)


@instruction(types.int64, types.int64, types.uint8)
def _equal(builder, address, byte):
    """The bytes of 64 that equal `byte`, as bits."""
    one = builder.insert_element(ir.Constant(_BYTES, ir.Undefined), byte, ir.IntType(32)(0))
    all_ = builder.shuffle_vector(one, one, ir.Constant(ir.VectorType(ir.IntType(32), 64), [0] * 64))
    return builder.bitcast(builder.icmp_unsigned("==", _load_bytes(builder, address), all_), _BITS)


@instruction(types.int64, types.int64)
def _lowest(builder, bits):
    """The position of the lowest 1 bit."""
    return _count_zeros(builder, bits, ir.IntType(1)(1))


@instruction(types.int64, types.int64)
def _ones(builder, bits):
    """The number of 1 bits."""
    return _count_ones(builder, bits)


@instruction(types.int64, types.int64)
def _eight_bytes(builder, address):
    """Load eight bytes as an integer, the first byte lowest."""
    return builder.load(builder.inttoptr(address, _BITS.as_pointer()), align=1)


@compiled()
def _short_number(address, length):
    """The number written by the last `length` (up to 8) of the eight bytes at the address."""
    x = _eight_bytes(address) & 0x0F0F0F0F0F0F0F0F & (-1 << (8 * (_SWAR - length)))
    x = (x * 10 + (x >> 8)) & 0x00FF00FF00FF00FF
    x = (x * 100 + (x >> 16)) & 0x0000FFFF0000FFFF
    return (x * 10_000 + (x >> 32)) & 0xFFFFFFFF


@compiled()
def _number(text, start, stop, limit, longest):
    """The number written by digits; `limit` if it is larger or has more than `longest` digits."""
    if stop - start > longest:
        return limit
    number = 0
    for i in range(start, stop):
        number = min(10 * number + np.int64(text[i]) - np.int64(_ZERO), limit)
    return number


@kernel(signatures.TOKENIZE)
def tokenize(a):
    """Read the id of every token, and count the tokens before each text end."""
    text, rules, ids, ends, counts = a.text, a.rules, a.ids, a.ends, a.counts
    field, fields, limit, longest = rules[0], rules[1], rules[2], rules[3]
    n = n_ends = largest = start = inside = 0
    counts[0] = -1
    for at in range(0, text.size, _STEP):
        address = address_of(text, at, _STEP)
        digits, newlines, tabs = _digits(address), _equal(address, _NEWLINE), _equal(address, _TAB)
        if digits | newlines | tabs | _equal(address, _SPACE) != -1:
            return
        shifted = (digits << 1) | inside
        starts, stops = digits & ~shifted, ~digits & shifted
        inside = (digits >> 63) & 1
        text_ends = newlines if fields == 1 else newlines | tabs
        while text_ends:
            position = _lowest(text_ends)
            if fields > 1:
                field += 1
                if ((newlines >> position) & 1) != (field == fields):
                    return
                field = 0 if field == fields else field
            ends[n_ends] = n + _ones(stops & ((2 << position) - 1))
            n_ends += 1
            text_ends &= text_ends - 1
        while stops:
            stop = at + _lowest(stops)
            if starts and at + _lowest(starts) < stop:
                start = at + _lowest(starts)
                starts &= starts - 1
            if stop - start <= _SWAR <= stop:
                number = _short_number(address_of(text, stop - _SWAR, _SWAR), stop - start)
            else:
                number = _number(text, start, stop, limit, longest)
            ids[n] = number
            largest = max(largest, number)
            n += 1
            stops &= stops - 1
        if starts:
            start = at + _lowest(starts)
    counts[0], counts[1], counts[2] = n, n_ends, largest
