"""Compiles kernels, and lets them read their arguments by name. loader.py describes the whole process.

A kernel has one parameter `a`: `a.query_ids` is the array that its signature calls query_ids. It allocates nothing and
raises nothing, so it needs no Python while it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from unittest.mock import patch

import numpy as np
from llvmlite import ir
from numba import _dynfunc, cfunc, config, from_dtype, njit, types
from numba.core.codegen import JITCodeLibrary
from numba.core.cpu import CPUContext
from numba.core.typing.templates import AttributeTemplate
from numba.extending import infer_getattr, lower_getattr_generic, models, register_model
from numba.np import arrayobj

from pairlens.kernels.arguments import Signature
from pairlens.kernels.processor import processor

config.CPU_NAME, config.CPU_FEATURES = processor().name, processor().features  # Numba optimises for it as well

FAST = {"reassoc", "contract", "nsz", "arcp"}  # sums may be reordered and fused; NaN and infinity keep their meaning
ZERO = np.float32(0.0)
ONE = np.float32(1.0)
LOWEST = np.float32(-np.inf)
FIRST = np.int64(0)  # column; a literal 0 would be a type of its own, for which Numba compiles once more

# Inlined, since a call would pass seven numbers per array; without the wrappers that Python would need to call it.
compiled = partial(njit, error_model="numpy", forceinline=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)

KERNELS: dict[str, tuple[Signature, Callable[[Any], None]]] = {}  # by name
_ROW = 3  # numbers of an argument in the table: address, rows, columns


class _Arguments(types.Type):  # type: ignore[misc]
    """Numba's type of the arguments of a kernel: the address of their table."""

    def __init__(self, signature: Signature) -> None:
        self.signature = signature
        super().__init__(f"arguments of {signature.name}")


@register_model(_Arguments)
class _Model(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: _Arguments) -> None:
        super().__init__(manager, kind, ir.IntType(64).as_pointer())


@infer_getattr
class _Attributes(AttributeTemplate):  # type: ignore[misc]
    key = _Arguments

    def generic_resolve(self, kind: _Arguments, name: str) -> types.Array | None:
        argument = kind.signature.arguments.get(name)
        return argument and types.Array(from_dtype(argument.dtype), argument.rank, "C")


@lower_getattr_generic(_Arguments)
def _read_argument(context: Any, builder: ir.IRBuilder, kind: _Arguments, table: ir.Value, name: str) -> ir.Value:
    """The array of that name, from its row of the table."""
    argument = kind.signature.arguments[name]
    array = types.Array(from_dtype(argument.dtype), argument.rank, "C")
    number = list(kind.signature.arguments).index(name)
    integer, size = ir.IntType(64), argument.dtype.itemsize
    address, *shape = (_load_once(builder, table, _ROW * number + i) for i in range(1 + argument.rank))
    strides = [integer(size)] if argument.rank == 1 else [builder.mul(shape[1], integer(size)), integer(size)]
    made = context.make_array(array)(context, builder)
    data = builder.inttoptr(address, context.get_data_type(array.dtype).as_pointer())
    arrayobj.populate_array(made, data, shape, strides, integer(size), None)
    return made._getvalue()


def _load_once(builder: ir.IRBuilder, table: ir.Value, index: int) -> ir.Value:
    """A number of the table. It never changes, so LLVM need not load it again after a store."""
    loaded = builder.load(builder.gep(table, [ir.IntType(64)(index)]))
    loaded.set_metadata("invariant.load", builder.module.add_metadata([]))
    return loaded


def kernel(signature: Signature) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    """Mark a function as the kernel with this signature, which the loader compiles and calls."""

    def register(function: Callable[[Any], None]) -> Callable[[Any], None]:
        KERNELS[signature.name] = signature, function
        return function

    return register


def compile_kernel(name: str) -> tuple[str, str]:
    """LLVM's assembly of a kernel, and the name that it has there."""
    signature, function = KERNELS[name]
    with _only_assembly():
        made = cfunc(types.void(_Arguments(signature)), error_model="numpy")(function)
    return made.inspect_llvm(), made.native_name


@contextmanager
def _only_assembly() -> Iterator[None]:
    """Keep Numba from compiling every inlined function to machine code, which saves a fifth of the time."""

    def uncallable(_context: Any, library: Any, described: Any, environment: Any) -> Any:
        return _dynfunc.make_function(
            described.lookup_module(), described.qualname, "", id(described), environment, (library,)
        )

    with patch.object(JITCodeLibrary, "_finalize_specific"), patch.object(CPUContext, "get_executable", uncallable):
        yield
