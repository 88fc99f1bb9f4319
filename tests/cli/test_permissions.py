"""Files that may not be read and directories that may not be written into: one line, an exit code, no litter."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from command_line import Result, files_below, pairlens, trained_project, without_privileges

FILES = ["data/train.query.txt", "data/train.value.txt"]
LABELLED = ["--query", "data/test.query.txt", "--value", "data/test.value.txt", "--label", "data/test.label.txt"]


@pytest.fixture
def project(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Path:
    """A copy of the project, whose permissions may be changed."""
    return Path(shutil.copytree(trained_project(tmp_path_factory), tmp_path / "project"))


def refused(project: Path, locked: str, *arguments: str) -> Result:
    """What the command says, where `locked` may be neither read nor written; it must leave all files as they were."""
    path = project / locked
    before, mode = files_below(project), path.stat().st_mode
    path.chmod(0o555 if path.is_dir() else 0)
    try:
        result = pairlens(project, *arguments, before=without_privileges)
    finally:
        path.chmod(mode)
    assert files_below(project) == before
    return result


@pytest.mark.parametrize(
    ("locked", "arguments"),
    [
        ("data/train.value.txt", ["score", "run", *FILES, "--output", "out.txt"]),
        ("data/test.label.txt", ["evaluate", "run", *LABELLED, "--output", "out.json"]),
        ("data/dev.query.txt", ["check", "config.yaml"]),
        ("data/train.query.txt", ["train", "config.yaml", "--output", "new"]),
        ("config.yaml", ["check", "config.yaml"]),
        ("run/config.yaml", ["score", "run", *FILES]),
        ("run/weights.npz", ["score", "run", *FILES]),
        ("run/evaluation.json", ["evaluate", "run"]),
    ],
)
def test_a_file_that_may_not_be_read(project: Path, locked: str, arguments: list[str]) -> None:
    result = refused(project, locked, *arguments)
    assert result.code == 2, result
    assert result.stdout == ""
    assert locked in result.stderr
    assert "Permission denied" in result.stderr or "is not readable" in result.stderr


@pytest.mark.parametrize(
    ("locked", "arguments"),
    [
        (".", ["score", "run", *FILES, "--output", "out.txt"]),
        (".", ["score", "run", *FILES, "--output", "out.txt", "--resume"]),
        (".", ["evaluate", "run", "--quiet", "--output", "out.json"]),
        (".", ["attend", "run", *FILES, "--output", "out.npz"]),
        (".", ["train", "config.yaml", "--output", "new"]),
    ],
)
def test_a_directory_that_may_not_be_written_into(project: Path, locked: str, arguments: list[str]) -> None:
    result = refused(project, locked, *arguments)
    assert result.code == 1, result
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert "Permission denied" in result.stderr
    assert result.stderr.count("\n") == 1
