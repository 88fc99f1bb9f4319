"""A kernel is called with arrays by name, and each is checked before the call, also under `python -O`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from running import run_to_end

from pairlens.kernels import signatures
from pairlens.kernels.arguments import Argument, Signature
from pairlens.kernels.loader import call

NAMES = [(kernel, name) for kernel, signature in signatures.ALL.items() for name in signature.arguments]


def right(argument: Argument) -> NDArray[Any]:
    return np.zeros((2,) * argument.rank, argument.dtype)


def wrong(argument: Argument) -> Iterator[Any]:
    """Arrays of a wrong type, rank or layout, and a value that is not an array."""
    other = np.float64 if argument.dtype == np.float32 else np.float32
    yield np.zeros((2,) * argument.rank, other)
    yield np.zeros((2,) * (argument.rank + 1), argument.dtype)
    yield np.zeros((6,) * argument.rank, argument.dtype)[::2]
    if argument.rank == 2:
        yield np.asfortranarray(np.zeros((2, 3), argument.dtype))
    yield [0] * 2


def test_every_kernel_is_tried() -> None:
    from pairlens.kernels.compiler import KERNELS

    assert set(KERNELS) == set(signatures.ALL)
    assert len(NAMES) > 100


@pytest.mark.parametrize(("kernel", "name"), NAMES)
def test_a_wrong_argument_is_named_before_the_call(kernel: str, name: str) -> None:
    signature = signatures.ALL[kernel]
    arrays = {each: right(argument) for each, argument in signature.arguments.items()}
    for x in wrong(signature.arguments[name]):
        with pytest.raises(TypeError, match=rf"^kernel {kernel}: {name} is "):
            call(signature, **arrays | {name: x})
    others = {each: x for each, x in arrays.items() if each != name}
    with pytest.raises(TypeError, match=f"^kernel {kernel}: missing or unknown: {name}$"):
        call(signature, **others)
    with pytest.raises(TypeError, match=f"^kernel {kernel}: missing or unknown: {name}, {name}_x$"):
        call(signature, **others, **{f"{name}_x": arrays[name]})


def test_the_message_says_what_is_expected() -> None:
    with pytest.raises(TypeError) as error:
        call(
            signatures.DENSE,
            x=np.zeros((2, 3), np.float32),
            kernel=np.zeros((5, 3), np.float32).T,
            bias=np.zeros(5, np.float32),
            out=np.zeros((2, 5), np.float32),
        )
    assert str(error.value) == (
        "kernel dense: kernel is float32 [3, 5], strides [4, 12]; must be C-contiguous float32 [inputs, units]"
    )


def test_arguments_are_checked_under_python_with_assertions_off() -> None:
    """python -O removes `assert`."""
    code = f"import sys; sys.path[:0] = {sys.path!r}; import test_arguments as t\n"
    code += (
        "for kernel, name in t.NAMES: t.test_a_wrong_argument_is_named_before_the_call(kernel, name)\nprint(__debug__)"
    )
    command = [sys.executable, "-O", "-c", code]
    done = run_to_end(command, check=True, stdout=subprocess.PIPE, text=True, cwd=__file__.rpartition("/")[0])
    assert done.stdout == "False\n"


def test_the_rank_is_read_from_the_description() -> None:
    signature = Signature("x", a=signatures.floats("[n]: one, two"), b=signatures.floats("[a + 1, b]"))
    assert [argument.rank for argument in signature.arguments.values()] == [1, 2]
