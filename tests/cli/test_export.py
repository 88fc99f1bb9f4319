"""pairlens export in real processes: what it says, and what it refuses. The pages have runs of the other formats."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import files_below, trained_project
from forked import pairlens


@pytest.fixture
def folder(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run, as a link."""
    (tmp_path / "run").symlink_to(trained_project(tmp_path_factory) / "run")
    return tmp_path


COMMAND = ("export", "run", "--format", "safetensors", "--output", "new")


def test_it_says_what_it_wrote_and_replaces_it_only_with_force(folder: Path) -> None:
    code, stdout, stderr = pairlens(folder, *COMMAND)
    assert (code, stdout) == (0, "")
    size = sum((folder / "new" / name).stat().st_size for name in files_below(folder / "new"))
    assert stderr == f"Wrote new: safetensors, {size / 1e6:,.2f} MB; its README.md says how to call it\n"
    before = files_below(folder)
    message = "new: contains an export; choose another name, or replace it with --force"
    assert pairlens(folder, *COMMAND) == (2, "", f"error: {message}\n")
    assert files_below(folder) == before
    assert pairlens(folder, *COMMAND, "--force", "--quiet") == (0, "", "")
    assert json.loads((folder / "new" / "card.json").read_text())["files"] == sorted(files_below(folder / "new"))


def test_what_is_refused_is_one_line_and_writes_nothing(folder: Path) -> None:
    (folder / "file").write_text("mine")
    before = files_below(folder)
    for arguments, message in (
        (("no run", *COMMAND[2:]), "no run: no such run directory"),
        (("run", "--format", "torch", "--output", "new"), "'torch' is not one of 'savedmodel', 'keras'"),
        (("run", "--output", "new"), "Missing option '--format'"),
        (("run", "--format", "onnx"), "Missing option '--output'"),
        (("run", *COMMAND[2:4], "--output", "file", "--force"), "file: is a file, but an export is a directory"),
        (("run", *COMMAND[2:4], "--output", "run", "--force"), "run: contains files that are not an export's"),
    ):
        code, stdout, stderr = pairlens(folder, "export", *arguments)
        assert (code, stdout) == (2, ""), stderr
        assert message in stderr
        assert stderr.count("\n") == 1
        assert files_below(folder) == before
