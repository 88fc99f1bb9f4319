"""The mean of files of scores: by hand, against NumPy, over several chunks, and what is refused."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from pairlens.errors import DataError
from pairlens.jobs import average_job
from pairlens.jobs.average_job import average


def averaged(folder: Path, *contents: str) -> list[str]:
    """The lines of the mean of files a, b, c … with these contents."""
    paths = [folder / name for name, _ in zip("abcdefgh", contents, strict=False)]
    for path, content in zip(paths, contents, strict=True):
        path.write_text(content)
    written = io.StringIO()
    average(paths, written)
    return written.getvalue().splitlines()


def test_line_by_line(tmp_path: Path) -> None:
    # (0.25 + 0.75) / 2 = 0.5; (1e-05 + 3e-05) / 2 = 2e-05; (-1 + 2) / 2 = 0.5
    assert averaged(tmp_path, "0.25\n1e-05\n-1\n", "0.75\n3e-05\n2\n") == ["0.5", "2e-05", "0.5"]


def test_class_by_class(tmp_path: Path) -> None:
    assert averaged(tmp_path, "0.2 0.8\n", "0.4 0.6\n", "0.9 0.1\n") == ["0.5 0.5"]


def test_one_file_stays_as_it_is(tmp_path: Path) -> None:
    """A float32 has the digits that `score` writes; a number with more digits is rounded to a float32."""
    assert averaged(tmp_path, "0.8814123\n3.9891485e-05\n1\n0.88141232\n") == [
        "0.8814123",
        "3.9891485e-05",
        "1",
        "0.8814123",
    ]


def test_over_several_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(average_job, "_LINES", 7)
    scores = np.random.default_rng(1).random((3, 30)).astype(np.float32)
    contents = ["".join(f"{score}\n" for score in file) for file in scores]
    expected = scores.astype(np.float64).mean(axis=0).astype(np.float32)
    assert averaged(tmp_path, *contents) == [str(score) for score in expected]


def test_nothing_of_nothing(tmp_path: Path) -> None:
    assert averaged(tmp_path, "", "") == []


@pytest.mark.parametrize("lines", [3, 100])
def test_unequal_counts_name_both_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: int) -> None:
    monkeypatch.setattr(average_job, "_LINES", lines)
    with pytest.raises(DataError) as fault:
        averaged(tmp_path, "1\n" * 10, "1\n" * 10, "1\n" * 4)
    place = tmp_path
    assert str(fault.value) == f"{place}/a: 10 lines, but {place}/c: 4 lines; line N of each belongs to pair N"


def test_a_fault_has_its_file_and_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(average_job, "_LINES", 3)
    with pytest.raises(DataError, match=f"^{tmp_path}/b:5:3: not a number: 'nan'"):
        averaged(tmp_path, "1 1\n" * 9, "1 1\n" * 4 + "1 nan\n" * 5)
    with pytest.raises(DataError, match=f"^{tmp_path}/b:2:1: 1 number in this line; must be 2, as in {tmp_path}/a:1$"):
        averaged(tmp_path, "1 1\n" * 2, "1 1\n1\n")
