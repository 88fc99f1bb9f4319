"""Calls the compiled kernels. Numba compiles each of them when a machine first needs it; from then on its machine code
is loaded as it is.

From source to a call: `compiler` has Numba translate a kernel and all that it inlines into LLVM's assembly; LLVM makes
an object file of it for this processor; code_cache.py keeps that; MCJIT, LLVM's loader, links it in milliseconds; and
ctypes calls it, without the interpreter's lock, with the table of its arguments (see arguments.py). What is kept is
used only if the kernels' source, the compilers and the processor are still the same.

Importing Numba takes as long as scoring 100,000 short pairs, .3 s; Numba's own cache would need it in every process.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairlens.kernels.arguments import Signature
from pairlens.kernels.checks import CHECKED, SYMBOL, link, raise_fault
from pairlens.kernels.code_cache import keep_code, private_folder, read_code
from pairlens.kernels.plan import PLAN
from pairlens.kernels.processor import processor
from pairlens.kernels.threads import processors

_loading = threading.RLock()
_not_kept: set[str] = set()
_functions: dict[str, Callable[[int], None]] = {}  # the kernels that are loaded, by name
SOURCES = sorted(Path(__file__).parent.rglob("*.py"))

# What Numba's code mentions for arrays that own their memory and for exceptions, of which kernels have neither.
_RUNTIME = {
    "NRT_MemInfo_call_dtor": "void (ptr)",
    "NRT_Free": "void (ptr)",
    "numba_do_raise": "void (ptr)",
    "numba_gil_ensure": "void (ptr)",
    "numba_gil_release": "void (ptr)",
    "numba_runtime_build_excinfo_struct": "ptr (ptr, ptr)",
    "numba_unpickle": "ptr (ptr, i32, ptr)",
}
_OTHERS = re.compile(r"llvm\..*|Py.*|erff?|log1pf?|logf?")  # LLVM's own, Python's, and the mathematical library's


def call(signature: Signature, **arrays: NDArray[Any]) -> None:
    """Run a kernel on C-contiguous arrays, some of which it fills, without the interpreter's lock.

    Raises:
        TypeError: an array is missing or unknown, or not what the signature says.
    """
    run(signature, signature.table(arrays))


def run(signature: Signature, table: NDArray[np.int64]) -> None:
    """Run a kernel on the arrays that a table of addresses and sizes tells of."""
    with _loading:  # one thread loads it for all
        function = _load(signature.name)
    function(table.ctypes.data)
    if CHECKED:
        raise_fault(signature, table)


def prepare(signatures: Sequence[Signature]) -> None:
    """Load these kernels; those that this machine never compiled are compiled at once, in as many processes as help."""
    names = [signature.name for signature in signatures]
    with _loading:
        missing = [name for name in names if not _load_kept(name)]
    mine, others = missing[::2], missing[1::2]
    helper = _compile_elsewhere(others) if others and processors() > 1 and private_folder() else None
    with _loading:
        for name in mine:
            _load(name)
        if helper:
            helper.wait()  # what it could not compile is compiled here
        for name in others:
            _load(name)


def _compile_elsewhere(names: Sequence[str]) -> subprocess.Popen[bytes] | None:
    """Have another process compile and keep kernels."""
    code = f"import sys; sys.path[:] = {sys.path!r}; from pairlens.kernels.loader import compile_kept; "
    code += f"compile_kept({list(names)!r})"
    nowhere = subprocess.DEVNULL
    try:
        return subprocess.Popen(  # noqa: S603  (this interpreter)
            [sys.executable, "-c", code], stdin=nowhere, stdout=nowhere, stderr=nowhere
        )
    except OSError:
        return None


def all_kept() -> bool:
    """Whether all that this process has compiled is there for the next."""
    return not _not_kept


def compile_kept(names: Sequence[str]) -> None:
    """Compile kernels, so that the next process finds them."""
    for name in names:
        _compile(name, _engine())


class _Engine(NamedTuple):
    """LLVM's loader, which owns the code; the machine that it is for; and the fingerprint of what the code is of."""

    loader: Any
    machine: Any
    fingerprint: str


@cache
def _engine() -> _Engine:
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    if CHECKED:
        link()
    host = processor()
    target = llvm.Target.from_default_triple()
    machine = target.create_target_machine(
        cpu=host.name, features=host.features, opt=3, codemodel="jitdefault", jit=True
    )
    loader = llvm.create_mcjit_compiler(llvm.parse_assembly(_runtime()), machine)
    return _Engine(loader, machine, fingerprint(f"{host.name} {host.features} {CHECKED}"))


def _load(kernel: str) -> Callable[[int], None]:
    """The kernel's function, loaded, or compiled if this machine never did; to be called with the lock held."""
    if not _load_kept(kernel):
        _link(kernel, _compile(kernel, _engine()))
    return _functions[kernel]


def _load_kept(kernel: str) -> bool:
    """Load a kernel that is kept, if it is not loaded yet; False if there is none."""
    if kernel not in _functions and (code := read_code(kernel, _engine().fingerprint)):
        _link(kernel, code)
    return kernel in _functions


def _link(kernel: str, code: bytes) -> None:
    import llvmlite.binding as llvm

    loader = _engine().loader
    loader.add_object_file(llvm.ObjectFileRef.from_data(code))
    loader.finalize_object()
    _functions[kernel] = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(loader.get_function_address(kernel))


def _compile(kernel: str, engine: _Engine) -> bytes:
    """The machine code of a kernel, from now on kept if that is possible."""
    import llvmlite.binding as llvm

    from pairlens.kernels.compiler import compile_kernel

    assembly, name = compile_kernel(kernel)
    module = llvm.parse_assembly(assembly)
    module.get_function(name).name = kernel
    missing = [f.name for f in module.functions if f.is_declaration and not _is_known(f.name)]
    if missing:
        raise AssertionError(f"{kernel} needs {missing}")  # linking it would end the process
    code: bytes = engine.machine.emit_object(module)
    if not keep_code(kernel, engine.fingerprint, code):
        _not_kept.add(kernel)
    return code


def _is_known(symbol: str) -> bool:
    return symbol in _RUNTIME or symbol == SYMBOL or _OTHERS.fullmatch(symbol) is not None


def _runtime() -> str:
    """LLVM assembly that defines _RUNTIME."""
    lines = []
    for name, signature in _RUNTIME.items():
        returned, arguments = signature.split(" ", 1)
        lines.append(f"define {returned} @{name}{arguments} {{ ret {'void' if returned == 'void' else 'ptr null'} }}")
    return "\n".join(lines)


def fingerprint(processor: str) -> str:
    """What machine code depends on: the kernels' source, the plan's layout, the compilers, and the processor."""
    digest = hashlib.sha256()
    for path in SOURCES:
        digest.update(path.read_bytes())
    for part in (str(PLAN.descr), version("numba"), version("llvmlite"), processor):
        digest.update(part.encode())
    return digest.hexdigest()[:16]


# A process that forks waits until no thread loads: its child would have half a kernel, and locks that nobody opens.
os.register_at_fork(before=_loading.acquire, after_in_parent=_loading.release, after_in_child=_loading.release)
