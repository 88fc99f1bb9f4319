"""Calls the compiled kernels. Numba compiles them once a machine; from then on their machine code is loaded as it is.

Importing Numba takes as long as scoring 100,000 short pairs. So the machine code of each kernel is kept in the user's
cache folder, and LLVM's loader alone, which Numba brings along, links it in a hundredth of a second. What is kept is
used only if the kernels' source, LLVM and the processor are still the same and its checksum is right.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import re
import threading
import zipfile
import zlib
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pairlens.errors import PairlensError
from pairlens.files import whole_file

_LOADING = threading.Lock()
SOURCES = [*sorted((Path(__file__).parent / "kernels").glob("*.py")), Path(__file__).with_name("plan.py")]

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


def call(kernel: str, *arguments: NDArray[Any]) -> None:
    """Run a kernel on C-contiguous arrays, some of which it fills, without the interpreter's lock."""
    assert all(x.flags.c_contiguous for x in arguments), kernel
    rows = np.array([(x.ctypes.data, x.shape[0], x.shape[-1]) for x in arguments], np.int64)
    _functions()[kernel](rows.ctypes.data)


def warm_up() -> None:
    """Load the kernels, or compile them if this machine never did: what the first `call` would do."""
    _functions()


def _functions() -> dict[str, Any]:
    with _LOADING:  # in one thread: a second engine would replace the first, whose code then goes with it
        return _load()


@cache
def _load() -> dict[str, Any]:
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    cpu, features = llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
    target = llvm.Target.from_default_triple()
    machine = target.create_target_machine(cpu=cpu, features=features, opt=3, codemodel="jitdefault", jit=True)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(_runtime()), machine)
    path = _cache_folder() / f"kernels-{fingerprint(f'{cpu} {features}')}.zip"
    objects = read_objects(path) or _compile(machine, path)
    for code in objects.values():
        engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    prototype = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
    functions: dict[str, Any] = {name: prototype(engine.get_function_address(name)) for name in objects}
    functions["engine"] = engine  # it owns the code
    return functions


def _compile(machine: Any, path: Path) -> dict[str, bytes]:
    """The machine code of each kernel, from now on kept at `path` if that can be written."""
    import llvmlite.binding as llvm

    from pairlens.kernels import KERNELS, compile_kernel

    objects = {}
    for kernel in KERNELS:
        assembly, name = compile_kernel(kernel)
        module = llvm.parse_assembly(assembly)
        module.get_function(name).name = kernel.__name__
        missing = [f.name for f in module.functions if f.is_declaration and not _is_known(f.name)]
        assert not missing, f"{kernel.__name__} needs {missing}"  # linking it would end the process
        objects[kernel.__name__] = machine.emit_object(module)
    with suppress(OSError, PairlensError):  # a full disk is one of the latter
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path, "wb") as file, zipfile.ZipFile(file, "w") as archive:
            for name, code in objects.items():
                archive.writestr(name, code)
    return objects


def _is_known(symbol: str) -> bool:
    return symbol in _RUNTIME or _OTHERS.fullmatch(symbol) is not None


def _runtime() -> str:
    """LLVM assembly that defines _RUNTIME."""
    lines = []
    for name, signature in _RUNTIME.items():
        returned, arguments = signature.split(" ", 1)
        lines.append(f"define {returned} @{name}{arguments} {{ ret {'void' if returned == 'void' else 'ptr null'} }}")
    return "\n".join(lines)


def read_objects(path: Path) -> dict[str, bytes] | None:
    """What `_compile` has kept, if it is there and whole: a zip file has checksums."""
    try:
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    except (OSError, zipfile.BadZipFile, zlib.error):
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
