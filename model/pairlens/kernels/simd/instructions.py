"""LLVM instructions and intrinsics as functions that kernels can call.

`@instruction(returned, *taken)` turns a Python function that builds LLVM instructions into a function for kernels;
`function` returns an intrinsic of LLVM by name, such as `llvm.fma.v16f32`.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, Signature
from typing import Any

from llvmlite import ir
from numba.extending import intrinsic

Build = Callable[..., ir.Value]  # builds instructions from a builder and LLVM's values

POINTER = ir.IntType(8).as_pointer()
VOID = ir.Constant(POINTER, None)  # returned by functions of type void


def instruction(returned: Any, *taken: Any) -> Callable[[Build], Any]:
    """Make a function for kernels, with the given Numba types."""

    def wrap(build: Build) -> Any:
        def typed(_context: Any, *_given: Any) -> Any:
            return returned(*taken), lambda _, builder, __, values: build(builder, *values)

        names = ("context", *(f"x{i}" for i in range(len(taken))))
        parameters = [Parameter(name, Parameter.POSITIONAL_OR_KEYWORD) for name in names]
        typed.__signature__ = Signature(parameters)  # type: ignore[attr-defined]  # Numba counts them
        return intrinsic(typed)

    return wrap


def function(name: str, returned: ir.Type, *taken: ir.Type) -> Build:
    """An intrinsic of LLVM, called with the builder and its arguments."""

    def call(builder: ir.IRBuilder, *values: ir.Value) -> ir.Value:
        return builder.call(builder.module.declare_intrinsic(name, fnty=ir.FunctionType(returned, taken)), values)

    return call
