"""Environments that have just the packages they are given, which are those of the running one; no network."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path

import pytest
from command_line import Result, made_once, plain_environment
from running import run_to_end

ROOT = Path(__file__).parent.parent


def pins(lock: str) -> dict[str, str]:
    """The version of each package of a lock file."""
    return dict(line.split("==") for line in (ROOT / lock).read_text(encoding="utf-8").splitlines())


def built_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree, built once."""
    folder = made_once(tmp_path_factory, "wheel", lambda folder: build(ROOT, folder, "wheel"))
    (wheel,) = folder.glob("*.whl")
    return wheel


def build(source: Path, folder: Path, target: str) -> Path:
    """The `wheel` or the `sdist` of a source tree, in a folder."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(folder)]
    run_to_end(command, cwd=source, check=True, capture_output=True)
    (made,) = folder.glob("*.whl" if target == "wheel" else "*.tar.gz")
    return made


def make_environment(folder: Path, packages: Iterable[str]) -> Path:
    """An environment with links to these packages of the running one; the folder of the links."""
    run_to_end([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    for package in packages:
        link_package(package, site)
    return site


def link_package(package: str, site: Path) -> None:
    """Link what lies at the top of a package that is installed here: its modules, libraries and metadata."""
    record = distribution(package)
    files = (line.partition(",")[0] for line in (record.read_text("RECORD") or "").splitlines())
    for name in {file.partition("/")[0] for file in files} - {"..", "__pycache__"}:
        link, target = site / name, Path(str(record.locate_file(name)))
        if not link.is_symlink():
            link.symlink_to(target, target_is_directory=target.is_dir())


def run(program: Path, folder: Path, *arguments: str | Path, **environment: str) -> Result:
    """A program of an environment run in a folder, without what PYTHONPATH would add to it."""
    variables = plain_environment() | environment
    variables.pop("PYTHONPATH", None)
    done = run_to_end([program, *map(str, arguments)], cwd=folder, env=variables, capture_output=True, encoding="utf-8")
    return Result(done.returncode, done.stdout, done.stderr)
