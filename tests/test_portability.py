"""What other operating systems lack: each is hidden here, and the commands work without it."""

from __future__ import annotations

import ast
import errno
import os
import shutil
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from command_line import files_below, plain_environment, trained_project
from running import run_to_end

from pairlens import descriptors, memory
from pairlens.directories import open_directory
from pairlens.errors import UsageError
from pairlens.kernels import threads

# macOS has neither sched_getaffinity nor O_PATH nor renameat2 nor /proc; other systems have no fcntl and no resource.
HIDE = """
import ctypes, os, pathlib, sys
sys.modules["fcntl"] = sys.modules["resource"] = None
for name in ("sched_getaffinity", "process_cpu_count", "O_PATH"):
    if hasattr(os, name):
        delattr(os, name)

class System(ctypes.CDLL):
    def __getattr__(self, name):
        if name == "renameat2":
            raise AttributeError(name)
        return super().__getattr__(name)

def without_proc(opened):
    def open_file(path, *others, **named):
        if str(path).startswith("/proc"):
            raise FileNotFoundError(2, "No such file or directory", str(path))
        return opened(path, *others, **named)
    return open_file

ctypes.CDLL = System
pathlib.Path.open = without_proc(pathlib.Path.open)
"""
ROOT = Path(__file__).parent.parent
TEXTS = ("data/test.query.txt", "data/test.value.txt")
COMMAND = HIDE + "from pairlens_cli.app import main; main()"


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_project(tmp_path_factory)


def run(folder: Path, *arguments: str, code: str = COMMAND) -> subprocess.CompletedProcess[str]:
    return run_to_end(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        env=plain_environment(),
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["score", "run", *TEXTS, "--output", "out", "--profile"],
        ["score", "run", *TEXTS, "--output", "out", "--resume"],
        ["score", "run", *TEXTS, "--output", "/dev/stdout"],
        ["evaluate", "run", "--output", "out"],
        ["attend", "run", *TEXTS, "--output", "out.html"],
        ["report", "run", "--output", "out"],
        ["check", "config.yaml"],
    ],
    ids=" ".join,
)
def test_commands_work_without_what_other_systems_lack(project: Path, tmp_path: Path, arguments: list[str]) -> None:
    for folder, code in (("hidden", COMMAND), ("here", COMMAND.removeprefix(HIDE))):
        shutil.copytree(project, tmp_path / folder)
        done = run(tmp_path / folder, *arguments, code=code)
        assert done.returncode == 0, done.stderr
        (tmp_path / folder / "stdout").write_text(done.stdout)
    assert files_below(tmp_path / "hidden") == files_below(tmp_path / "here")


def test_training_without_them_gives_the_same_weights(project: Path, tmp_path: Path) -> None:
    shutil.copytree(project, tmp_path, dirs_exist_ok=True)
    done = run(tmp_path, "train", "config.yaml", "--seed", "7", "--output", "again", "--set", "training.epochs=20")
    assert done.returncode == 0, done.stderr
    again, before = (dict(np.load(tmp_path / name / "weights.npz")) for name in ("again", "run"))
    assert {name: x.tobytes() for name, x in again.items()} == {name: x.tobytes() for name, x in before.items()}


def test_windows_is_told_in_one_line() -> None:
    code = 'import sys; sys.platform = "win32"; import pairlens_cli.app'
    done = run(ROOT, code=code)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: pairlens runs on Linux and macOS; on Windows, install it in WSL\n"


def test_a_sync_reaches_the_disk_on_macos(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """fsync(2) of macOS: for applications that require tighter guarantees, it recommends F_FULLFSYNC."""
    asked: list[int] = []
    monkeypatch.setattr("fcntl.F_FULLFSYNC", 51, raising=False)
    monkeypatch.setattr("fcntl.fcntl", lambda _descriptor, request: asked.append(request))
    with (tmp_path / "file").open("wb") as file:
        descriptors.sync(file.fileno())
    assert asked == [51]


@pytest.mark.parametrize(("number", "raised"), [(errno.ENOTSUP, False), (errno.EIO, True)])
def test_a_disk_without_a_full_sync_is_synchronised_as_well_as_it_can_be(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, number: int, raised: bool
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.F_FULLFSYNC", 51, raising=False)
    monkeypatch.setattr("fcntl.fcntl", refuse)
    monkeypatch.setattr("os.fsync", refuse)
    with (tmp_path / "file").open("wb") as file, pytest.raises(OSError, match="Input") if raised else nullcontext():
        descriptors.sync(file.fileno())


def test_links_are_refused_where_directories_cannot_be_opened_as_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delattr("os.O_PATH")
    (tmp_path / "run").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run/checkpoint").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="is a link"), open_directory(tmp_path / "run/checkpoint", tmp_path / "run"):
        pass
    with open_directory(tmp_path / "elsewhere", tmp_path) as directory:
        assert os.path.samestat(os.fstat(directory), (tmp_path / "elsewhere").stat())


def test_the_memory_of_a_machine_without_proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = {"SC_PHYS_PAGES": 1000, "SC_PAGE_SIZE": 16384}
    monkeypatch.setattr("os.sysconf", sizes.__getitem__)
    assert memory.available_memory(tmp_path) == 16_384_000


def test_processors_are_counted_in_whatever_way_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_quota", lambda: 64)
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 2, 5})
    monkeypatch.setattr("os.process_cpu_count", lambda: 2, raising=False)
    assert threads.processors() == 2
    monkeypatch.delattr("os.process_cpu_count")
    assert threads.processors() == 3
    monkeypatch.delattr("os.sched_getaffinity")
    assert threads.processors() == 8
    monkeypatch.setattr(threads, "_quota", lambda: 5)
    assert threads.processors() == 5


def written_as_text(call: ast.Call) -> bool:
    """Whether a call opens a file to write text, of which only `newline` decides how its lines end."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    modes = [x.value for x in [*call.args, *(k.value for k in call.keywords)] if isinstance(x, ast.Constant)]
    writes = any(isinstance(mode, str) and mode in ("w", "x", "a", "w+") for mode in modes)
    return name in ("write_text", "TextIOWrapper") or (name in ("open", "fdopen") and writes)


def test_every_line_that_is_written_ends_in_one_way() -> None:
    found = []
    for path in [*(ROOT / "model").rglob("*.py"), *(ROOT / "cli").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and written_as_text(node) and "newline" not in {k.arg for k in node.keywords}:
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert not found
