"""The processor that kernels are compiled for: this machine's, or the level that PAIRLENS_CPU names.

A level is for machine code that is compiled on one machine and run on others, such as in a container image. A machine
that lacks something of the level ignores it, and compiles kernels for itself.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Set
from functools import cache
from typing import NamedTuple

from pairlens.errors import UsageError

VARIABLE = "PAIRLENS_CPU"

# Each level, by LLVM's name, and the features that it has (x86-64: System V ABI, AMD64 supplement, section 3.1.1).
_V1 = {"64bit", "cx8", "fxsr", "sse", "sse2"}
_V2 = _V1 | {"cx16", "popcnt", "sahf", "sse3", "ssse3", "sse4.1", "sse4.2"}
_V3 = _V2 | {"avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe", "xsave"}
_V4 = _V3 | {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}
_LEVELS = {"x86-64": _V1, "x86-64-v2": _V2, "x86-64-v3": _V3, "x86-64-v4": _V4, "generic": {"fp-armv8", "neon"}}


class Processor(NamedTuple):
    """A processor as LLVM knows it, and what kernels must know of it."""

    name: str
    features: str  # such as "+avx,-avx512f"; empty: what LLVM knows by the name
    lanes: int  # float32 numbers in a vector register
    fma: bool  # whether it computes x * y + z in one instruction, rounded once


@cache
def processor() -> Processor:
    """The processor to compile for.

    Raises:
        UsageError: PAIRLENS_CPU names no level.
    """
    import llvmlite.binding as llvm

    host = llvm.get_host_cpu_features()
    available = {name for name, present in host.items() if present}
    level = os.environ.get(VARIABLE, "")
    if level and level not in _LEVELS:
        raise UsageError(f"{VARIABLE}: {level!r} is none of {', '.join(_LEVELS)}; choose one, or unset it")
    if level and available >= _LEVELS[level]:
        return _processor(level, "", _LEVELS[level])
    return _processor(host_name(), host.flatten(), available)


def host_name() -> str:
    """LLVM's name of this machine's processor, such as `rocketlake` or `apple-m1`."""
    import llvmlite.binding as llvm

    name: str = llvm.get_host_cpu_name()
    return name


def _processor(name: str, features: str, available: Set[str]) -> Processor:
    lanes = 16 if "avx512f" in available else 8 if "avx2" in available else 4  # else SSE, or NEON
    arm = platform.machine().lower() in ("aarch64", "arm64")  # where every vector unit has it
    return Processor(name, features, lanes, arm or "fma" in available)
