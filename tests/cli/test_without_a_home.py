"""A user without an account and a home: kernels and font lists are cached elsewhere, or a message reports that they are
not cached."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import PAIRLENS, Result, plain_environment, trained_project
from running import run_to_end

FILES = ["data/test.query.txt", "data/test.value.txt"]
NOBODY = 54321
AS_NOBODY = [
    "setpriv",
    f"--reuid={NOBODY}",
    f"--regid={NOBODY}",
    "--clear-groups",
    "--inh-caps=+dac_read_search",  # this Python may be readable only by its owner
    "--ambient-caps=+dac_read_search",
]
NOTHING_KEPT = (
    "warning: the compiled kernels cannot be cached, so every command will compile them again; "
    "set PAIRLENS_CACHE to a folder that only you can write to\n"
)


def can_be_nobody() -> bool:
    if not shutil.which("setpriv"):
        return False
    return run_to_end([*AS_NOBODY, "true"], capture_output=True).returncode == 0


pytestmark = pytest.mark.skipif(not can_be_nobody(), reason="needs setpriv, and a user who may change to another")


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_project(tmp_path_factory)


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A folder that every user may enter, unlike those of pytest."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


def pairlens_as_nobody(folder: Path, *arguments: str | Path, **environment: str) -> Result:
    known = {name: value for name, value in plain_environment().items() if name not in ("HOME", "XDG_CACHE_HOME")}
    command = [*AS_NOBODY, PAIRLENS, *map(str, arguments)]
    done = run_to_end(command, cwd=folder, env=known | environment, capture_output=True, text=True)
    return Result(done.returncode, done.stdout, done.stderr)


def test_what_is_compiled_is_kept_among_temporary_files(project: Path, temporary: Path) -> None:
    files = ["score", "run", *FILES, "--verbose"]
    first, second = (pairlens_as_nobody(project, *files, TMPDIR=str(temporary)) for _ in range(2))
    assert (first.code, second.code) == (0, 0)
    assert first.stdout == second.stdout
    folder = temporary / f"pairlens-{NOBODY}"
    assert (folder.stat().st_uid, folder.stat().st_mode & 0o777) == (NOBODY, 0o700)
    seconds = float(second.stderr.splitlines()[-1].split()[0])
    assert seconds < 3.0  # compiling takes ten seconds
    assert list(temporary.iterdir()) == [folder]

    picture = temporary / "map.png"  # drawn without a word about the cache of fonts
    drawn = pairlens_as_nobody(project, "attend", "run", *FILES, "--output", picture, TMPDIR=str(temporary))
    assert drawn.code == 0
    assert drawn.stderr.startswith(f"Wrote {picture}\n")
    assert sorted(path.name for path in temporary.iterdir()) == ["map.png", folder.name]


def test_it_is_said_once_that_nothing_can_be_kept(project: Path, temporary: Path) -> None:
    """There is no cache folder, and the one among the temporary files belongs to another user."""
    theirs = temporary / f"pairlens-{NOBODY}"
    theirs.mkdir()
    place = {"XDG_CACHE_HOME": "/dev/null", "TMPDIR": str(temporary)}
    report = ["report", "run", "run", "--output", temporary / "report.html"]  # which loads the kernels of both
    result = pairlens_as_nobody(project, *report, **place)
    assert (result.code, result.stderr.count("cannot be cached")) == (0, 1)
    assert NOTHING_KEPT in result.stderr
    assert list(theirs.iterdir()) == []
