"""Vectors of float32 that stay in registers, for the loops on which LLVM's own vectorisation leaves half undone.

A mask says how many lanes of a vector count, so that rows of any width need no padding. A row is given by its address
(see rows.py). What it gains over the same loops in plain Numba, for a pair of 11 and 12 tokens and 100 filters
(tests/benchmarks/kernel_tricks.py): dot products 2.2 times as fast, softmax 3.1, small products 4.1, sums of taps 1.7.

Of a whole pair: 5 % by `first(LANES)`, which LLVM takes for no mask, in the innermost loops; 5 % by `totals` of four
vectors at once instead of each alone. Asking for rows before they are wanted gains 6 % for Adam's rows of 500,000
words, and nothing where pairs are scored.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.extending import lower_builtin, models, register_model, type_callable

from pairlens.kernels.checks import CHECKED
from pairlens.kernels.simd.bounds import out_of_bounds
from pairlens.kernels.simd.compiled import compiled
from pairlens.kernels.simd.instructions import VOID, Build, function, instruction

LANES = 16 if llvm.get_host_cpu_features().get("avx512f") else 8

_FLOAT, _INDEX = ir.FloatType(), ir.IntType(32)
_VECTOR, _FOUR = ir.VectorType(_FLOAT, LANES), ir.VectorType(_FLOAT, 4)
_MASK = ir.VectorType(ir.IntType(1), LANES)
_ZEROS = ir.Constant(_VECTOR, [0.0] * LANES)
_ALIGNED = _INDEX(4)  # bytes, of a float32


class _Type(types.Type):  # type: ignore[misc]
    """What Numba knows a vector, four numbers or a mask by."""


_vector, _four, _mask = _Type("vector"), _Type("four"), _Type("mask")
_FORMS = {_vector: _VECTOR, _four: _FOUR, _mask: _MASK}


@register_model(_Type)
class _Model(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: _Type) -> None:
        super().__init__(manager, kind, _FORMS[kind])


# ---- LLVM's side of them ------------------------------------------------------------------------------------------


def _operator(operation: Callable[..., Any], build: Build, arity: int = 2) -> None:
    """Let kernels use an operator or a function of Python's on vectors."""

    def typed(_context: Any) -> Any:
        if arity == 1:
            return lambda x: _vector if x is _vector else None
        return lambda x, y: _vector if x is _vector and y is _vector else None

    type_callable(operation)(typed)
    lower_builtin(operation, *[_Type] * arity)(lambda _, builder, __, values: build(builder, *values))


_KIND, _POINTER = f"v{LANES}f32", _VECTOR.as_pointer()
_masked_load = function(f"llvm.masked.load.{_KIND}.p0", _VECTOR, _POINTER, _INDEX, _MASK, _VECTOR)
_masked_store = function(f"llvm.masked.store.{_KIND}.p0", ir.VoidType(), _VECTOR, _POINTER, _INDEX, _MASK)
_sum_of_lanes = function(f"llvm.vector.reduce.fadd.{_KIND}", _FLOAT, _FLOAT, _VECTOR)
_count_ones = function(f"llvm.ctpop.i{LANES}", ir.IntType(LANES), ir.IntType(LANES))
_largest_of_lanes = function(f"llvm.vector.reduce.fmax.{_KIND}", _FLOAT, _VECTOR)


def _shuffled(builder: ir.IRBuilder, x: ir.Value, y: ir.Value, lanes: Sequence[int]) -> ir.Value:
    """The lanes, of x and from len(x) on of y, as a vector."""
    return builder.shuffle_vector(x, y, ir.Constant(ir.VectorType(_INDEX, len(lanes)), list(lanes)))


def _repeated(builder: ir.IRBuilder, x: ir.Value, kind: ir.VectorType) -> ir.Value:
    undefined = ir.Constant(kind, ir.Undefined)
    return _shuffled(builder, builder.insert_element(undefined, x, _INDEX(0)), undefined, [0] * LANES)


def _at(builder: ir.IRBuilder, row: ir.Value, start: ir.Value, kind: ir.VectorType = _VECTOR) -> ir.Value:
    """Where the row's number `start` lies, as the place of a vector."""
    return builder.bitcast(builder.gep(builder.inttoptr(row, _FLOAT.as_pointer()), [start]), kind.as_pointer())


def _larger(builder: ir.IRBuilder, x: ir.Value, y: ir.Value) -> ir.Value:
    return builder.select(builder.fcmp_ordered(">", x, y), x, y)


# ---- what kernels write ------------------------------------------------------------------------------------------

_operator(operator.add, ir.IRBuilder.fadd)
_operator(operator.sub, ir.IRBuilder.fsub)
_operator(operator.mul, ir.IRBuilder.fmul)
_operator(operator.truediv, ir.IRBuilder.fdiv)
_operator(abs, function(f"llvm.fabs.{_KIND}", _VECTOR, _VECTOR), 1)
_operator(max, _larger)
_operator(math.floor, function(f"llvm.floor.{_KIND}", _VECTOR, _VECTOR), 1)
_operator(math.copysign, function(f"llvm.copysign.{_KIND}", _VECTOR, _VECTOR, _VECTOR))

square_root = instruction(_vector, _vector)(function(f"llvm.sqrt.{_KIND}", _VECTOR, _VECTOR))

# fma(x, y, z): x * y + z, rounded once.
fma = instruction(_vector, _vector, _vector, _vector)(function(f"llvm.fma.{_KIND}", *[_VECTOR] * 4))


@instruction(_vector)
def zeros(_builder: ir.IRBuilder) -> ir.Value:
    """A vector of zeros."""
    return _ZEROS


@instruction(_vector, types.float32)
def full(builder: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """A vector with x in every lane."""
    return _repeated(builder, x, _VECTOR)


@instruction(_mask, types.int64)
def first(builder: ir.IRBuilder, count: ir.Value) -> ir.Value:
    """The mask of the first `count` lanes: none if it is negative, and at most all."""
    kind = ir.VectorType(ir.IntType(64), LANES)
    return builder.icmp_signed("<", ir.Constant(kind, list(range(LANES))), _repeated(builder, count, kind))


@instruction(_vector, types.int64, types.int64, _mask)
def _load(builder: ir.IRBuilder, row: ir.Value, start: ir.Value, mask: ir.Value) -> ir.Value:
    return _masked_load(builder, _at(builder, row, start), _ALIGNED, mask, _ZEROS)


@instruction(types.void, types.int64, types.int64, _vector, _mask)
def _store(builder: ir.IRBuilder, row: ir.Value, start: ir.Value, x: ir.Value, mask: ir.Value) -> ir.Value:
    _masked_store(builder, x, _at(builder, row, start), _ALIGNED, mask)
    return VOID


@instruction(_mask, _vector, _vector)
def above(builder: ir.IRBuilder, x: ir.Value, y: ir.Value) -> ir.Value:
    """The mask of the lanes where x > y."""
    return builder.fcmp_ordered(">", x, y)


@instruction(_vector, _mask, _vector, _vector)
def choose(builder: ir.IRBuilder, mask: ir.Value, x: ir.Value, y: ir.Value) -> ir.Value:
    """x in the lanes that count, y in the others."""
    return builder.select(mask, x, y)


@instruction(_vector, _vector)
def power_of_two(builder: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """2**x for whole numbers from -126 to 127; 0 for -127."""
    kind = ir.VectorType(_INDEX, LANES)
    exponent = builder.add(builder.fptosi(x, kind), ir.Constant(kind, [127] * LANES))
    return builder.bitcast(builder.shl(exponent, ir.Constant(kind, [23] * LANES)), _VECTOR)


@instruction(types.float32, _vector)
def total(builder: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """The sum of x's lanes."""
    summed = _sum_of_lanes(builder, _FLOAT(-0.0), x)
    summed.fastmath.add("reassoc")  # else it is one lane after the other
    return summed


@instruction(types.float32, _vector)
def largest(builder: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """The largest of x's lanes, none of which is NaN."""
    found = _largest_of_lanes(builder, x)
    found.fastmath.add("nnan")
    return found


@instruction(_four, _vector, _vector, _vector, _vector)
def totals(builder: ir.IRBuilder, x: ir.Value, y: ir.Value, z: ir.Value, w: ir.Value) -> ir.Value:
    """The totals of four vectors, for `store_four`; together they need half the steps that they need alone."""

    def halved(x: ir.Value, y: ir.Value, lanes: Callable[[int], Sequence[int]]) -> ir.Value:
        """In each group of four lanes, sums of two of x and two of y: lanes(0) of both plus lanes(2)."""
        return builder.fadd(*(_shuffled(builder, x, y, lanes(offset)) for offset in (0, 2)))

    def alternating(offset: int) -> list[int]:
        return [lane for i in range(offset, LANES, 4) for lane in (i, LANES + i, i + 1, LANES + i + 1)]

    def in_turn(offset: int) -> list[int]:
        return [lane for i in range(offset, LANES, 4) for lane in (i, i + 1, LANES + i, LANES + i + 1)]

    summed = halved(halved(x, y, alternating), halved(z, w, alternating), in_turn)
    lanes = LANES
    while lanes > 4:
        lanes //= 2
        summed = builder.fadd(*(_shuffled(builder, summed, summed, range(i, i + lanes)) for i in (0, lanes)))
    return summed


@instruction(types.void, types.int64, types.int64, _four)
def _store_four(builder: ir.IRBuilder, row: ir.Value, start: ir.Value, x: ir.Value) -> ir.Value:
    builder.store(x, _at(builder, row, start, _FOUR), align=4)
    return VOID


# ---- reading and writing rows: load, store and store_four ------------------------------------------------------------

if CHECKED:

    @instruction(types.int64, _mask)
    def _lanes(builder: ir.IRBuilder, mask: ir.Value) -> ir.Value:
        """How many lanes count, of a mask of the first ones."""
        bits = builder.bitcast(mask, ir.IntType(LANES))
        return builder.zext(_count_ones(builder, bits), ir.IntType(64))

    @compiled()
    def _within(row, start, count):
        """Whether so many numbers of the row from `start` on are in it; reports it if not."""
        if count > 0 and (start < 0 or start + count > row[1]):
            out_of_bounds(row[0], start + count - 1, row[1])
            return False
        return True

    @compiled()
    def load(row, start, mask):
        """The row's numbers from `start` on; zero in the lanes that do not count."""
        return _load(row[0], start, mask if _within(row, start, _lanes(mask)) else first(0))

    @compiled()
    def store(row, start, x, mask):
        """Write the lanes of x that count to the row, from `start` on."""
        _store(row[0], start, x, mask if _within(row, start, _lanes(mask)) else first(0))

    @compiled()
    def store_four(row, start, x):
        """Write four numbers to the row, from `start` on."""
        if _within(row, start, 4):
            _store_four(row[0], start, x)

else:
    load, store, store_four = _load, _store, _store_four
