"""Compiles, caches, loads and calls kernels.

The steps from source to call: Numba translates a kernel and everything that it inlines into LLVM assembly
(compiler.py); LLVM turns that into an object file for the processor (processor.py), which is cached (code_cache.py);
MCJIT, LLVM's loader, links it in milliseconds; ctypes calls it, without the interpreter's lock, with a table of its
arguments (arguments.py). Cached code is used only for the same source, compilers and processor.

Numba's own cache would need Numba in every process, whose import takes .3 s, as long as scoring 100,000 short pairs.
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
from pairlens.kernels.code_cache import cache_code, cached_code, one_at_a_time, private_folder
from pairlens.kernels.plan import PLAN
from pairlens.kernels.processor import processor
from pairlens.kernels.threads import processors

_loading = threading.RLock()
_not_cached: set[str] = set()
_functions: dict[str, Callable[[int], None]] = {}  # loaded kernels, by name
SOURCES = sorted(Path(__file__).parent.rglob("*.py"))

# Functions that Numba's code mentions for arrays that own memory and for exceptions; kernels use neither.
_RUNTIME = {
    "NRT_MemInfo_call_dtor": "void (ptr)",
    "NRT_Free": "void (ptr)",
    "numba_do_raise": "void (ptr)",
    "numba_gil_ensure": "void (ptr)",
    "numba_gil_release": "void (ptr)",
    "numba_runtime_build_excinfo_struct": "ptr (ptr, ptr)",
    "numba_unpickle": "ptr (ptr, i32, ptr)",
}
_OTHERS = re.compile(r"llvm\..*|Py.*|erff?|log1pf?|logf?")  # intrinsics of LLVM, Python's API, the mathematical library


def call(signature: Signature, **arrays: NDArray[Any]) -> None:
    """Run a kernel on C-contiguous arrays, some of which it fills, without the interpreter's lock.

    Raises:
        TypeError: an array is missing or unknown, or differs from the signature.
    """
    run(signature, signature.table(arrays))


def run(signature: Signature, table: NDArray[np.int64]) -> None:
    """Run a kernel on arrays given as a table of addresses and sizes."""
    with _loading:  # the first thread loads it for all
        function = _load(signature.name)
    function(table.ctypes.data)
    if CHECKED:
        raise_fault(signature, table)


def prepare(signatures: Sequence[Signature]) -> None:
    """Load kernels; those that are not cached are compiled now, in one process of this machine at a time."""
    if missing := _not_loaded([signature.name for signature in signatures]):
        with one_at_a_time():
            _prepare(_not_loaded(missing))


def _not_loaded(names: Sequence[str]) -> list[str]:
    """Load kernels that are cached; return the others."""
    with _loading:
        return [name for name in names if not _load_cached(name)]


def _prepare(missing: Sequence[str]) -> None:
    """Compile and load kernels, half of them in a second process."""
    mine, others = missing[::2], missing[1::2]
    helper = _compile_elsewhere(others) if others and processors() > 1 and private_folder() else None
    with _loading:
        for name in mine:
            _load(name)
        if helper:
            helper.wait()  # what it failed to compile is compiled below
        for name in others:
            _load(name)


def _compile_elsewhere(names: Sequence[str]) -> subprocess.Popen[bytes] | None:
    """Start a process that compiles and caches kernels; None if it cannot be started."""
    code = f"import sys; sys.path[:] = {sys.path!r}; from pairlens.kernels.loader import compile_and_cache; "
    code += f"compile_and_cache({list(names)!r})"
    nowhere = subprocess.DEVNULL
    try:
        return subprocess.Popen(  # noqa: S603  (this interpreter)
            [sys.executable, "-c", code], stdin=nowhere, stdout=nowhere, stderr=nowhere
        )
    except OSError:
        return None


def all_cached() -> bool:
    """True if everything that this process compiled has been cached."""
    return not _not_cached


def compile_and_cache(names: Sequence[str]) -> None:
    """Compile kernels and cache them."""
    for name in names:
        _compile(name, _engine())


class _Engine(NamedTuple):
    """LLVM's loader, which owns the code; the target machine; and the fingerprint (see `fingerprint`)."""

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
    """The kernel's function, loaded from the cache or compiled. Call this with `_loading` held."""
    if not _load_cached(kernel):
        _link(kernel, _compile(kernel, _engine()))
    return _functions[kernel]


def _load_cached(kernel: str) -> bool:
    """Load a kernel from the cache unless it is loaded already; False if it is not cached."""
    if kernel not in _functions and (code := cached_code(kernel, _engine().fingerprint)):
        _link(kernel, code)
    return kernel in _functions


def _link(kernel: str, code: bytes) -> None:
    import llvmlite.binding as llvm

    loader = _engine().loader
    loader.add_object_file(llvm.ObjectFileRef.from_data(code))
    loader.finalize_object()
    _functions[kernel] = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(loader.get_function_address(kernel))


def _compile(kernel: str, engine: _Engine) -> bytes:
    """Compile a kernel, cache its machine code if possible, and return it."""
    import llvmlite.binding as llvm

    from pairlens.kernels.compiler import compile_kernel

    assembly, name = compile_kernel(kernel)
    module = llvm.parse_assembly(assembly)
    module.get_function(name).name = kernel
    missing = [f.name for f in module.functions if f.is_declaration and not _is_known(f.name)]
    if missing:
        raise AssertionError(f"{kernel} needs {missing}")  # linking would abort the process
    code: bytes = engine.machine.emit_object(module)
    if not cache_code(kernel, engine.fingerprint, code):
        _not_cached.add(kernel)
    return code


def _is_known(symbol: str) -> bool:
    return symbol in _RUNTIME or symbol == SYMBOL or _OTHERS.fullmatch(symbol) is not None


def _runtime() -> str:
    """LLVM assembly that defines the functions of _RUNTIME as no-ops."""
    lines = []
    for name, signature in _RUNTIME.items():
        returned, arguments = signature.split(" ", 1)
        lines.append(f"define {returned} @{name}{arguments} {{ ret {'void' if returned == 'void' else 'ptr null'} }}")
    return "\n".join(lines)


def fingerprint(processor: str) -> str:
    """A hash of everything that machine code depends on: source, layout of the plan, compilers, processor."""
    digest = hashlib.sha256()
    for path in SOURCES:
        digest.update(path.read_bytes())
    for part in (str(PLAN.descr), version("numba"), version("llvmlite"), processor):
        digest.update(part.encode())
    return digest.hexdigest()[:16]


# fork waits until no thread is loading: the child would have half a kernel and a lock that nobody releases.
os.register_at_fork(before=_loading.acquire, after_in_parent=_loading.release, after_in_child=_loading.release)
