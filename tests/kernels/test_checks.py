"""Kernels use raw addresses, but never access memory outside their arguments.

Two things prove it: guard pages, and the checked build, which reports the kernel, argument and index of a wrong access.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from running import run_to_end

TESTS = Path(__file__).parent.parent

FAULTS = """
import numpy as np
from pairlens.kernels import signatures
from pairlens.kernels.loader import call
def floats(*shape): return np.ones(shape, np.float32)
right = {"x": floats(2, 3), "kernel": floats(3, 5), "bias": floats(5), "out": floats(2, 5)}
call(signatures.DENSE, **right)
for wrong in ({"x": floats(2, 2)}, {"out": floats(2, 4)}, {"kernel": floats(3, 4)}, {"bias": floats(6)}):
    try:
        call(signatures.DENSE, **right | wrong)
        print("no fault")
    except IndexError as error:
        print(error)
call(signatures.DENSE, **right)
"""


def python(*arguments: str, **environment: str) -> str:
    command = [sys.executable, *arguments]
    done = run_to_end(
        command, env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_the_checked_build_names_kernel_argument_and_index() -> None:
    assert python("-c", FAULTS, PAIRLENS_CHECK_KERNELS="1").splitlines() == [
        "kernel dense: x: index 2 is out of bounds; the limit is 2",
        "kernel dense: out: index 4 is out of bounds; the limit is 4",
        "kernel dense: kernel: index 4 is out of bounds; the limit is 4",
        "kernel dense: out: index 5 is out of bounds; the limit is 5",
    ]


def test_the_tests_of_the_scorer_pass_in_the_checked_build(tmp_path: Path) -> None:
    files = ["test_scorer.py", "test_dense.py", "test_extreme_inputs.py", "test_decimals.py", "test_all_pairs.py"]
    paths = [str(TESTS / "scoring" / name) for name in files]
    options = ["-p", "no:cacheprovider", f"--basetemp={tmp_path}"]
    printed = python("-m", "pytest", *options, *paths, PAIRLENS_CHECK_KERNELS="1")
    assert "100%" in printed


def test_no_random_network_reaches_beyond_an_array() -> None:
    printed = python(str(Path(__file__).parent / "guard_pages.py"), "60")
    assert printed == "120 random networks: nothing outside of an array was accessed\n"
