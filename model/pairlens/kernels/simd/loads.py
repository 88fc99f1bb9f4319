"""Vectors loaded from rows and stored to them; a row is given by its address (see rows.py).

The checked build (see checks.py) reports what lies beyond the end of a row.
"""

from __future__ import annotations

from llvmlite import ir
from numba import types

from pairlens.kernels.checks import CHECKED
from pairlens.kernels.simd.bounds import out_of_bounds
from pairlens.kernels.simd.compiled import compiled
from pairlens.kernels.simd.instructions import VOID, function, instruction
from pairlens.kernels.simd.vector_types import FLOAT, FOUR, INDEX, KIND, LANES, MASK, VECTOR, ZEROS, four, mask, vector
from pairlens.kernels.simd.vectors import first

# Whether the processor loads and stores under a mask. SSE and NEON do not, and LLVM makes a branch for each lane; to
# ask first whether all lanes count saves a fifth to a third of a pair.
MASKED = LANES > 4

_ALIGNED = INDEX(4)  # bytes, of a float32
_POINTER = VECTOR.as_pointer()
_masked_load = function(f"llvm.masked.load.{KIND}.p0", VECTOR, _POINTER, INDEX, MASK, VECTOR)
_masked_store = function(f"llvm.masked.store.{KIND}.p0", ir.VoidType(), VECTOR, _POINTER, INDEX, MASK)
_count_ones = function(f"llvm.ctpop.i{LANES}", ir.IntType(LANES), ir.IntType(LANES))


def _at(builder: ir.IRBuilder, row: ir.Value, start: ir.Value, kind: ir.VectorType = VECTOR) -> ir.Value:
    """The pointer to a vector at the row's number `start`."""
    return builder.bitcast(builder.gep(builder.inttoptr(row, FLOAT.as_pointer()), [start]), kind.as_pointer())


def _all_lanes(builder: ir.IRBuilder, mask: ir.Value) -> ir.Value:
    return builder.icmp_signed("==", builder.bitcast(mask, ir.IntType(LANES)), ir.IntType(LANES)(-1))


@instruction(vector, types.int64, types.int64, mask)
def _load(builder: ir.IRBuilder, row: ir.Value, start: ir.Value, mask: ir.Value) -> ir.Value:
    at = _at(builder, row, start)
    if MASKED:
        return _masked_load(builder, at, _ALIGNED, mask, ZEROS)
    with builder.if_else(_all_lanes(builder, mask)) as (then, otherwise):
        with then:
            whole, from_whole = builder.load(at, align=4), builder.block
        with otherwise:
            part, from_part = _masked_load(builder, at, _ALIGNED, mask, ZEROS), builder.block
    loaded = builder.phi(VECTOR)
    loaded.add_incoming(whole, from_whole)
    loaded.add_incoming(part, from_part)
    return loaded


@instruction(types.void, types.int64, types.int64, vector, mask)
def _store(builder: ir.IRBuilder, row: ir.Value, start: ir.Value, x: ir.Value, mask: ir.Value) -> ir.Value:
    at = _at(builder, row, start)
    if MASKED:
        _masked_store(builder, x, at, _ALIGNED, mask)
        return VOID
    with builder.if_else(_all_lanes(builder, mask)) as (then, otherwise):
        with then:
            builder.store(x, at, align=4)
        with otherwise:
            _masked_store(builder, x, at, _ALIGNED, mask)
    return VOID


@instruction(types.void, types.int64, types.int64, four)
def _store_four(builder: ir.IRBuilder, row: ir.Value, start: ir.Value, x: ir.Value) -> ir.Value:
    builder.store(x, _at(builder, row, start, FOUR), align=4)
    return VOID


if CHECKED:

    @instruction(types.int64, mask)
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
