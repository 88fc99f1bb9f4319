"""`make` finds an interpreter that TensorFlow has wheels for, or says in one line what to install."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from clean_environments import ROOT
from running import run_to_end

SHIM = "echo 'pyenv: the command exists in other versions' >&2\nexit 127"
NEEDS = "TensorFlow needs Python 3.11, 3.12 or 3.13"
NOTHING = f"{NEEDS}: install one with its module venv, or uv; make PYTHON=... names one\n"


def python(version: str) -> str:
    """A script that answers as an interpreter of this version, and makes an environment that holds its version."""
    answer = f"*' -c '*) echo {version} ;;"
    make = f'*\' -m venv --clear \'*) mkdir -p "$4" && echo {version} > "$4/made" ;;'
    return f'case " $* " in\n{answer}\n{make}\n*) exit 9 ;;\nesac'


UV = '[ "$*" = "venv --quiet --seed --python 3.13 new" ] && mkdir new && echo uv > new/made'
WITHOUT_VENV = "echo \"ModuleNotFoundError: No module named 'ensurepip'\" >&2\nexit 1"

FOUND = [  # what stands on the PATH, and what the environment is made by
    ({"python3": python("3.11")}, "3.11"),
    ({"python3": python("3.14"), "python3.13": python("3.13"), "python3.12": python("3.12")}, "3.13"),
    ({"python3": python("3.14"), "python3.11": python("3.11")}, "3.11"),
    ({"python3": python("3.12"), "python3.13": SHIM, "python3.12": SHIM, "python3.11": SHIM}, "3.12"),
    ({"python3": python("3.11"), "python3.13": WITHOUT_VENV, "uv": UV}, "3.11"),
    ({"python3": python("3.14"), "uv": UV}, "uv"),
    ({"python3": SHIM, "python3.13": SHIM, "uv": UV}, "uv"),
    ({"uv": UV}, "uv"),
]


def make(folder: Path, commands: dict[str, str], *named: str) -> subprocess.CompletedProcess[str]:
    """The script run in a folder, with these commands and few others on the PATH."""
    path = folder / "bin"
    path.mkdir()
    for name, text in commands.items():
        (path / name).write_text(f"#!/bin/sh\n{text}\n")
        (path / name).chmod(0o755)
    for tool in ("sh", "mkdir", "rm"):
        (path / tool).symlink_to(f"/bin/{tool}")
    command = ["/bin/sh", str(ROOT / "tests" / "make_environment.sh"), "new", *named]
    return run_to_end(command, cwd=folder, env={"PATH": str(path)}, capture_output=True, text=True)


@pytest.mark.parametrize(("commands", "by"), FOUND)
def test_the_first_that_fits(tmp_path: Path, commands: dict[str, str], by: str) -> None:
    done = make(tmp_path, commands)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "new" / "made").read_text() == f"{by}\n"


@pytest.mark.parametrize("commands", [{}, {"python3": python("3.14")}, {"python3": python("3.10"), "python3.13": SHIM}])
def test_none_that_fits(tmp_path: Path, commands: dict[str, str]) -> None:
    done = make(tmp_path, commands)
    assert (done.returncode, done.stderr) == (1, NOTHING)


def test_one_that_is_named_is_taken_or_refused(tmp_path: Path) -> None:
    commands = {"python3.13": python("3.13"), "mine": python("3.12"), "new-one": python("3.14"), "shim": SHIM}
    done = make(tmp_path, commands, "mine")
    assert (done.returncode, (tmp_path / "new" / "made").read_text()) == (0, "3.12\n")
    for name, found in (("new-one", "3.14"), ("shim", "no Python with its module venv")):
        (tmp_path / name).mkdir()
        done = make(tmp_path / name, commands, name)
        assert (done.returncode, done.stderr) == (1, f"PYTHON={name} is {found}; {NEEDS}\n")


def test_make_calls_it() -> None:
    """With the PYTHON that is named, or with none."""
    for named, arguments in (["PYTHON=python9"], ".venv python9"), ([], ".venv"):
        command = ["make", "--dry-run", "--always-make", "--no-print-directory", *named, ".venv/installed"]
        environment = {name: value for name, value in os.environ.items() if name not in ("PYTHON", "MAKEFLAGS")}
        done = run_to_end(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
        assert done.stdout.splitlines()[0].split() == f"sh tests/make_environment.sh {arguments}".split()
