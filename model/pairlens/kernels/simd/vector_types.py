"""The types of vectors of float32 in registers: as Numba knows them, and as LLVM does."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import models, register_model

from pairlens.kernels.processor import processor

LANES = processor().lanes

FLOAT, INDEX = ir.FloatType(), ir.IntType(32)
VECTOR, FOUR = ir.VectorType(FLOAT, LANES), ir.VectorType(FLOAT, 4)
MASK = ir.VectorType(ir.IntType(1), LANES)
ZEROS = ir.Constant(VECTOR, [0.0] * LANES)
KIND = f"v{LANES}f32"  # of a vector, in the names of LLVM's functions


class Type(types.Type):  # type: ignore[misc]
    """Numba's type of a vector, of four numbers, and of a mask."""


vector, four, mask = Type("vector"), Type("four"), Type("mask")
_FORMS = {vector: VECTOR, four: FOUR, mask: MASK}


@register_model(Type)
class _Model(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: Type) -> None:
        super().__init__(manager, kind, _FORMS[kind])
