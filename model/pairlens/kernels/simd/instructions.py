"""How kernels come to call LLVM's instructions, and its functions, which Numba has no names for.

`@instruction(returned, *taken)` makes a function for kernels from one that builds LLVM's instructions; `function` finds
one of LLVM's own, such as `llvm.fma.v16f32`.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, Signature
from typing import Any

from llvmlite import ir
from numba.extending import intrinsic

Build = Callable[..., ir.Value]  # builds instructions from a builder and LLVM's values

POINTER = ir.IntType(8).as_pointer()
VOID = ir.Constant(POINTER, None)  # what is returned for a function that returns nothing


def instruction(returned: Any, *taken: Any) -> Callable[[Build], Any]:
    """Make a function for kernels, of these types of Numba's."""

    def wrap(build: Build) -> Any:
        def typed(_context: Any, *_given: Any) -> Any:
            return returned(*taken), lambda _, builder, __, values: build(builder, *values)

        names = ("context", *(f"x{i}" for i in range(len(taken))))
        parameters = [Parameter(name, Parameter.POSITIONAL_OR_KEYWORD) for name in names]
        typed.__signature__ = Signature(parameters)  # type: ignore[attr-defined]  # Numba counts them
        return intrinsic(typed)

    return wrap


def function(name: str, returned: ir.Type, *taken: ir.Type) -> Build:
    """A function of LLVM's, to be called with the builder and its arguments."""

    def call(builder: ir.IRBuilder, *values: ir.Value) -> ir.Value:
        return builder.call(builder.module.declare_intrinsic(name, fnty=ir.FunctionType(returned, taken)), values)

    return call
