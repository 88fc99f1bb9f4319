"""Vectors of float32 that stay in registers, for the loops on which LLVM's own vectorisation leaves half undone.

A mask says how many lanes of a vector count, so that rows of any width need no padding. A row of float32 numbers is
given by its address: to pass views of arrays around costs more than the sums themselves.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, lower_builtin, models, register_model, type_callable

LANES = 16 if llvm.get_host_cpu_features().get("avx512f") else 8

_INDEX = ir.IntType(32)
_VECTOR = ir.VectorType(ir.FloatType(), LANES)
_FOUR = ir.VectorType(ir.FloatType(), 4)
_MASK = ir.VectorType(ir.IntType(1), LANES)
_ZEROS = ir.Constant(_VECTOR, [0.0] * LANES)
_NAME = f"v{LANES}f32"


class _Type(types.Type):  # type: ignore[misc]
    """What Numba knows a vector or a mask by."""


_vector, _four, _mask = _Type("vector"), _Type("four"), _Type("mask")
_FORMS = {_vector: _VECTOR, _four: _FOUR, _mask: _MASK}


@register_model(_Type)
class _Model(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: _Type) -> None:
        super().__init__(manager, kind, _FORMS[kind])


def _function(name: str, returned: ir.Type, arguments: Sequence[ir.Type]) -> Callable[..., ir.Instruction]:
    """A function of LLVM's, to be called with the builder and its arguments."""

    def call(builder: ir.IRBuilder, *values: ir.Value) -> ir.Instruction:
        kind = ir.FunctionType(returned, arguments)
        return builder.call(builder.module.declare_intrinsic(name, fnty=kind), values)

    return call


_POINTER = _VECTOR.as_pointer()
_masked_load = _function(f"llvm.masked.load.{_NAME}.p0", _VECTOR, [_POINTER, _INDEX, _MASK, _VECTOR])
_masked_store = _function(f"llvm.masked.store.{_NAME}.p0", ir.VoidType(), [_VECTOR, _POINTER, _INDEX, _MASK])
_fused = _function(f"llvm.fma.{_NAME}", _VECTOR, [_VECTOR] * 3)
_total = _function(f"llvm.vector.reduce.fadd.{_NAME}", ir.FloatType(), [ir.FloatType(), _VECTOR])
_ALIGNED = _INDEX(4)  # bytes


def _at(builder: ir.IRBuilder, row: ir.Value, start: ir.Value) -> ir.Value:
    """Where the row's number `start` lies, as the place of a vector."""
    floats = builder.inttoptr(row, ir.FloatType().as_pointer())
    return builder.bitcast(builder.gep(floats, [start]), _POINTER)


def _shuffled(builder: ir.IRBuilder, x: ir.Value, y: ir.Value, lanes: Sequence[int]) -> ir.Value:
    """The lanes, of x and from len(x) on of y, as a vector."""
    return builder.shuffle_vector(x, y, ir.Constant(ir.VectorType(_INDEX, len(lanes)), list(lanes)))


def _repeated(builder: ir.IRBuilder, x: ir.Value, kind: ir.VectorType) -> ir.Value:
    nothing = ir.Constant(kind, ir.Undefined)
    return _shuffled(builder, builder.insert_element(nothing, x, _INDEX(0)), nothing, [0] * LANES)


@intrinsic
def first(_context: Any, count: Any) -> Any:
    """The mask of the first `count` lanes: none if it is negative, and at most all."""

    def generate(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        kind = ir.VectorType(ir.IntType(64), LANES)
        return builder.icmp_signed("<", ir.Constant(kind, list(range(LANES))), _repeated(builder, arguments[0], kind))

    return _mask(types.int64), generate


@intrinsic
def zeros(_context: Any) -> Any:
    """A vector of zeros."""
    return _vector(), lambda *_: _ZEROS


@intrinsic
def full(_context: Any, x: Any) -> Any:
    """A vector with x in every lane."""
    return _vector(types.float32), lambda _, builder, __, arguments: _repeated(builder, arguments[0], _VECTOR)


@intrinsic
def load(_context: Any, row: Any, start: Any, mask: Any) -> Any:
    """The row's numbers from `start` on; zero in the lanes that do not count."""

    def generate(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        place = _at(builder, *arguments[:2])
        return _masked_load(builder, place, _ALIGNED, arguments[2], _ZEROS)

    return _vector(types.int64, types.int64, _mask), generate


@intrinsic
def store(_context: Any, row: Any, start: Any, x: Any, mask: Any) -> Any:
    """Write the lanes of x that count to the row, from `start` on."""

    def generate(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
        place = _at(builder, *arguments[:2])
        _masked_store(builder, arguments[2], place, _ALIGNED, arguments[3])
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, _vector, _mask), generate


def _operator(operation: Callable[..., Any], build: Callable[..., ir.Value], arity: int = 2) -> None:
    """Let kernels use an operator of Python's on vectors."""

    @type_callable(operation)  # type: ignore[untyped-decorator]
    def _(_context: Any) -> Any:
        if arity == 1:
            return lambda x: _vector if x is _vector else None
        return lambda x, y: _vector if x is _vector and y is _vector else None

    lower_builtin(operation, *[_Type] * arity)(lambda _, builder, __, arguments: build(builder, *arguments))


def _larger(builder: ir.IRBuilder, x: ir.Value, y: ir.Value) -> ir.Value:
    return builder.select(builder.fcmp_ordered(">", x, y), x, y)


_operator(operator.add, ir.IRBuilder.fadd)
_operator(operator.sub, ir.IRBuilder.fsub)
_operator(operator.mul, ir.IRBuilder.fmul)
_operator(operator.truediv, ir.IRBuilder.fdiv)
_operator(abs, _function(f"llvm.fabs.{_NAME}", _VECTOR, [_VECTOR]), 1)
_operator(math.floor, _function(f"llvm.floor.{_NAME}", _VECTOR, [_VECTOR]), 1)
_operator(math.copysign, _function(f"llvm.copysign.{_NAME}", _VECTOR, [_VECTOR] * 2))
_operator(max, _larger)


@intrinsic
def fma(_context: Any, x: Any, y: Any, z: Any) -> Any:
    """x * y + z, rounded once."""
    return _vector(_vector, _vector, _vector), lambda _, builder, __, arguments: _fused(builder, *arguments)


@intrinsic
def power_of_two(_context: Any, x: Any) -> Any:
    """2**x for whole numbers from -126 to 127; 0 for -127."""

    def generate(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        kind = ir.VectorType(_INDEX, LANES)
        exponent = builder.add(builder.fptosi(arguments[0], kind), ir.Constant(kind, [127] * LANES))
        return builder.bitcast(builder.shl(exponent, ir.Constant(kind, [23] * LANES)), _VECTOR)

    return _vector(_vector), generate


@intrinsic
def choose(_context: Any, mask: Any, x: Any, y: Any) -> Any:
    """x in the lanes that count, y in the others."""
    return _vector(_mask, _vector, _vector), lambda _, builder, __, arguments: builder.select(*arguments)


@intrinsic
def total(_context: Any, x: Any) -> Any:
    """The sum of x's lanes."""

    def generate(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        summed = _total(builder, ir.FloatType()(-0.0), *arguments)
        summed.fastmath.add("reassoc")
        return summed

    return types.float32(_vector), generate


@intrinsic
def totals(_context: Any, x: Any, y: Any, z: Any, w: Any) -> Any:
    """The totals of four vectors, as a vector of four; together they need half the steps that they need alone."""

    def halved(builder: Any, x: Any, y: Any, lanes: Callable[[int], Sequence[int]]) -> Any:
        """In each group of four lanes, sums of two of x and two of y: lanes(0) of both plus lanes(2)."""
        return builder.fadd(*(_shuffled(builder, x, y, lanes(offset)) for offset in (0, 2)))

    def alternating(offset: int) -> list[int]:
        groups = range(offset, LANES, 4)
        return [lane for i in groups for lane in (i, LANES + i, i + 1, LANES + i + 1)]

    def in_turn(offset: int) -> list[int]:
        return [lane for i in range(offset, LANES, 4) for lane in (i, i + 1, LANES + i, LANES + i + 1)]

    def generate(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        x, y, z, w = arguments
        summed = halved(builder, halved(builder, x, y, alternating), halved(builder, z, w, alternating), in_turn)
        lanes = LANES
        while lanes > 4:
            lanes //= 2
            summed = builder.fadd(*(_shuffled(builder, summed, summed, range(i, i + lanes)) for i in (0, lanes)))
        return summed

    return _four(_vector, _vector, _vector, _vector), generate


@intrinsic
def store_four(_context: Any, row: Any, start: Any, x: Any) -> Any:
    """Write what `totals` made to the row, from `start` on."""

    def generate(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
        row, start, x = arguments
        place = builder.bitcast(_at(builder, row, start), _FOUR.as_pointer())
        builder.store(x, place, align=4)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, _four), generate
