"""Reports of indices out of bounds, which the checked build (see checks.py) compiles into kernels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.np import arrayobj

from pairlens.kernels.checks import CHECKED, SYMBOL
from pairlens.kernels.simd.instructions import VOID, instruction

_INTEGER = ir.IntType(64)
_KIND = ir.FunctionType(ir.VoidType(), [_INTEGER] * 3)


@instruction(types.void, types.int64, types.int64, types.int64)
def out_of_bounds(builder: ir.IRBuilder, address: ir.Value, index: ir.Value, limit: ir.Value) -> ir.Value:
    """Report an index of the array at the address."""
    builder.call(cgutils.get_or_insert_function(builder.module, _KIND, SYMBOL), [address, index, limit])
    return VOID


def _checked_indexing(
    context: Any,
    builder: ir.IRBuilder,
    kind: Any,
    array: Any,
    index_types: Sequence[Any],
    indices: Sequence[Any],
    **_: Any,
) -> Any:
    """Numba's indexing of arrays, but an index out of bounds is reported and replaced by 0."""
    limits, within = cgutils.unpack_tuple(builder, array.shape, kind.ndim), list(indices)
    for axis, (index, index_type) in enumerate(zip(indices, index_types, strict=True)):
        if isinstance(index_type, types.Integer):
            number = context.cast(builder, index, index_type, types.int64)
            outside = builder.icmp_unsigned(">=", number, limits[axis])
            with builder.if_then(outside, likely=False):
                address = builder.ptrtoint(array.data, _INTEGER)
                builder.call(
                    cgutils.get_or_insert_function(builder.module, _KIND, SYMBOL), [address, number, limits[axis]]
                )
            within[axis] = builder.select(outside, index.type(0), index)
    return _basic_indexing(context, builder, kind, array, index_types, within)


_basic_indexing = arrayobj.basic_indexing
if CHECKED:
    arrayobj.basic_indexing = _checked_indexing
