"""Kernels for other processors: their object code is inspected, and run if this machine can."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import llvmlite.binding as llvm
import pytest
from running import run_to_end

from pairlens.errors import UsageError
from pairlens.kernels.processor import processor

Machine = Callable[..., None]

HERE = Path(__file__).parent
SSE = "+64bit,+cx8,+fxsr,+sse,+sse2"
V3 = SSE + ",+cx16,+popcnt,+sahf,+sse3,+ssse3,+sse4.1,+sse4.2,+avx,+avx2,+bmi,+bmi2,+f16c,+fma,+lzcnt,+movbe,+xsave"
V4 = V3 + ",+avx512f,+avx512bw,+avx512cd,+avx512dq,+avx512vl"


def run(script: str, *arguments: str, **environment: str) -> str:
    command = [sys.executable, str(HERE / script), *arguments]
    return run_to_end(command, env=os.environ | environment, stdout=subprocess.PIPE, text=True, check=True).stdout


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """Make llvmlite and platform report another machine: machine("aarch64", "apple-m1", "+neon")."""

    def report(architecture: str, name: str, features: str, level: str = "") -> None:
        found = llvm.FeatureMap({part[1:]: part[0] == "+" for part in features.split(",") if part})
        monkeypatch.setattr(llvm, "get_host_cpu_features", lambda: found)
        monkeypatch.setattr(llvm, "get_host_cpu_name", lambda: name)
        monkeypatch.setattr("platform.machine", lambda: architecture)
        monkeypatch.setenv("PAIRLENS_CPU", level)
        processor.cache_clear()

    yield report
    processor.cache_clear()


@pytest.mark.parametrize(
    ("architecture", "features", "lanes", "fma"),
    [
        ("x86_64", SSE, 4, False),
        ("x86_64", SSE + ",+avx", 4, False),  # AVX has no integer operations on 8 lanes
        ("x86_64", V3, 8, True),
        ("x86_64", V3.replace("+fma", "-fma"), 8, False),
        ("x86_64", V4, 16, True),
        ("aarch64", "+fp-armv8,+neon", 4, True),
        ("arm64", "", 4, True),  # a Mac of which LLVM reports no features
    ],
)
def test_vectors_are_as_wide_as_the_machine_has_them(
    machine: Machine, architecture: str, features: str, lanes: int, fma: bool
) -> None:
    machine(architecture, "this-machine", features)
    assert processor()[0] == "this-machine"
    assert processor()[2:] == (lanes, fma)


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("x86-64", ("x86-64", "", 4, False)),
        ("x86-64-v2", ("x86-64-v2", "", 4, False)),
        ("x86-64-v3", ("x86-64-v3", "", 8, True)),
    ],
)
def test_a_level_that_the_machine_has_is_compiled_for(
    machine: Machine, level: str, expected: tuple[object, ...]
) -> None:
    machine("x86_64", "this-machine", V3, level)
    assert processor() == expected


def test_a_level_that_the_machine_lacks_is_ignored(machine: Machine) -> None:
    for architecture, features, level in [
        ("x86_64", V3, "x86-64-v4"),
        ("x86_64", V3, "generic"),
        ("aarch64", "+fp-armv8,+neon", "x86-64"),
    ]:
        machine(architecture, "this-machine", features, level)
        assert processor().name == "this-machine"


def test_a_level_for_arm(machine: Machine) -> None:
    machine("aarch64", "neoverse-n1", "+fp-armv8,+neon,+sve", "generic")
    assert processor() == ("generic", "", 4, True)


def test_an_unknown_level_is_refused_by_name(machine: Machine) -> None:
    machine("x86_64", "this-machine", V3, "haswell")
    with pytest.raises(UsageError, match=r"^PAIRLENS_CPU: 'haswell' is none of x86-64, "):
        processor()


@pytest.mark.parametrize("level", ["x86-64", "x86-64-v3"])
def test_narrower_vectors_give_the_scores_of_the_reference_and_stay_in_bounds(level: str) -> None:
    assert run("guard_pages.py", "20", PAIRLENS_CPU=level).startswith("40 random networks")


# A kernel may call the mathematical library and the stubs for Python's and Numba's runtime.
CALLED = re.compile(r"_?(memset|memcpy|bzero|erff?|log1pf?|logf?|Py\w+|NRT_\w+|numba_\w+|_ZN8pairlens\w+)")


def test_the_kernels_for_64_bit_arm_use_neon_and_call_nothing_else() -> None:
    printed = run("assembly.py", "generic", "all", "aarch64-unknown-linux-gnu", "arm64-apple-darwin23")
    assert len(re.findall(r"\bfmla[.\s]", printed)) > 200
    called = set(re.findall(r"^\s+bl\s+(\S+)", printed, re.M))
    assert not [name for name in called if not CALLED.fullmatch(name)]


def test_the_kernels_for_x86_without_avx_have_no_instruction_of_it() -> None:
    printed = run("assembly.py", "x86-64", "dense,pooled_features", "x86_64-unknown-linux-gnu")
    instructions = set(re.findall(r"^\t([a-z]\w*)\s", printed, re.M))
    assert "mulps" in instructions
    assert not [name for name in instructions if re.match(r"v(?!er)[a-z]+", name)]  # all of AVX and FMA begin so
    assert not re.search(r"%[yz]mm", printed)
    assert not re.search(r"callq\s+fmaf?\b", printed)
