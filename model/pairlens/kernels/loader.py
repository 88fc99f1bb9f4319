"""Calls the compiled kernels. Numba compiles each of them when a machine first needs it; from then on its machine code
is loaded as it is.

Importing Numba takes as long as scoring 100,000 short pairs. So the machine code of a kernel is kept in the user's
cache folder, and LLVM's loader alone, which Numba brings along, links it in a few milliseconds. What is kept is used
only if the kernels' source, LLVM and the processor are still the same and its checksum is right.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import re
import threading
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairlens.errors import PairlensError
from pairlens.files import whole_file
from pairlens.kernels.arguments import Signature
from pairlens.kernels.checks import CHECKED, SYMBOL, link, raise_fault

_LOADING = threading.Lock()
_ENTRY = "code"  # of a zip file, which has checksums
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
    with _LOADING:  # one thread loads it for all
        function = _load(signature.name)
    function(table.ctypes.data)
    if CHECKED:
        raise_fault(signature, table)


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
    cpu, features = llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
    target = llvm.Target.from_default_triple()
    machine = target.create_target_machine(cpu=cpu, features=features, opt=3, codemodel="jitdefault", jit=True)
    loader = llvm.create_mcjit_compiler(llvm.parse_assembly(_runtime()), machine)
    return _Engine(loader, machine, fingerprint(f"{cpu} {features} {CHECKED}"))


@cache
def _load(kernel: str) -> Callable[[int], None]:
    import llvmlite.binding as llvm

    loader, machine, fingerprint_ = _engine()
    path = _cache_folder() / f"{kernel}-{fingerprint_}.zip"
    code = read_code(path) or _compile(kernel, machine, path)
    loader.add_object_file(llvm.ObjectFileRef.from_data(code))
    loader.finalize_object()
    return ctypes.CFUNCTYPE(None, ctypes.c_void_p)(loader.get_function_address(kernel))


def _compile(kernel: str, machine: Any, path: Path) -> bytes:
    """The machine code of a kernel, from now on kept at `path` if that can be written."""
    import llvmlite.binding as llvm

    from pairlens.kernels.compiler import compile_kernel

    assembly, name = compile_kernel(kernel)
    module = llvm.parse_assembly(assembly)
    module.get_function(name).name = kernel
    missing = [f.name for f in module.functions if f.is_declaration and not _is_known(f.name)]
    assert not missing, f"{kernel} needs {missing}"  # linking it would end the process
    code: bytes = machine.emit_object(module)
    with suppress(OSError, PairlensError):  # a full disk is one of the latter
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path, "wb") as file, zipfile.ZipFile(file, "w") as archive:
            archive.writestr(_ENTRY, code)
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


def read_code(path: Path) -> bytes | None:
    """What `_compile` has kept, if it is there and whole."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read(_ENTRY)
    except (OSError, KeyError, zipfile.BadZipFile, zlib.error):
        return None


def _cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pairlens"


def fingerprint(processor: str) -> str:
    """What machine code depends on: the kernels' source, the compilers, and the processor."""
    digest = hashlib.sha256()
    for path in SOURCES:
        digest.update(path.read_bytes())
    for part in (version("numba"), version("llvmlite"), processor):
        digest.update(part.encode())
    return digest.hexdigest()[:16]
