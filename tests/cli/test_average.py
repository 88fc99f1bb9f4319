"""pairlens average in real processes: streams, compressed files, and faults."""

from __future__ import annotations

import bz2
import gzip
from pathlib import Path

import pytest
from command_line import files_below
from forked import pairlens


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.txt").write_text("0.25\n1\n")
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress(b"0.75\n0.5\n"))
    return tmp_path


def test_to_stdout_and_to_compressed_files(folder: Path) -> None:
    command = ("average", "a.txt", "b.txt.gz")
    assert pairlens(folder, *command) == (0, "0.5\n0.75\n", "")
    assert pairlens(folder, *command, "--output", "mean.txt.bz2") == (0, "", "")
    assert bz2.decompress((folder / "mean.txt.bz2").read_bytes()) == b"0.5\n0.75\n"


def test_a_fault_is_one_line_and_leaves_nothing(folder: Path) -> None:
    for content, message in {
        "0.5\nno\n": "bad.txt:2:1: not a number: 'no'; a score is one finite number",
        "0.5 0.5\n1 0\n": "bad.txt:1:1: 2 numbers in this line; must be 1, as in a.txt:1",
        "0.5\n": "a.txt: 2 lines, but bad.txt: 1 lines; line N of each belongs to pair N",
    }.items():
        (folder / "bad.txt").write_text(content)
        before = files_below(folder)
        result = pairlens(folder, "average", "a.txt", "bad.txt", "--output", "mean.txt")
        assert result == (2, "", f"error: {message}\n")
        assert files_below(folder) == before
    result = pairlens(folder, "average", "a.txt", "none.txt")
    assert result == (2, "", "error: none.txt: No such file or directory\n")


def test_an_input_is_never_replaced(folder: Path) -> None:
    result = pairlens(folder, "average", "a.txt", "b.txt.gz", "--output", "a.txt", "--force")
    assert result == (2, "", "error: a.txt: is the same file as a.txt, which is read; choose another name\n")
    assert pairlens(folder, "average", "a.txt", "--force").stderr.startswith(
        "error: --force replaces an existing output"
    )
