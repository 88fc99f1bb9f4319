"""What can be made of attention from Python, without the command."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from command_line import lines
from models import make_config, random_texts, random_weights

from pairlens.attention.stream import Selection
from pairlens.errors import DataError, UsageError
from pairlens.jobs.attend_job import AttendJob
from pairlens.runs.run import Run

PAIRS = 40


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    for seed, name in enumerate(["q.txt", "v.txt"]):
        (tmp_path / name).write_text(lines([text.tolist() for text in random_texts(PAIRS, 6, 23, seed)]))
    return tmp_path / "q.txt", tmp_path / "v.txt"


def make_job(folder: Path, files: tuple[Path, Path], selection: Selection) -> AttendJob:
    run = Run(folder / "run")
    if not run.path.exists():
        config = make_config()
        run = Run.create(run.path, config, {})
        run.write_weights(random_weights(config))
    return AttendJob(run, *files, selection)


def test_matrices_and_a_summary(tmp_path: Path, files: tuple[Path, Path]) -> None:
    job = make_job(tmp_path, files, Selection("3,5-6"))
    assert job.write_matrices(job.chunks(), tmp_path / "maps.npz", "float16") == 3
    with np.load(tmp_path / "maps.npz") as file:
        assert file["pair"].tolist() == [3, 5, 6]
        assert file["5/scores"].dtype == np.float16
    assert job.summary(job.chunks())["pairs"] == 3


def test_pictures_are_told_as_they_are_written(tmp_path: Path, files: tuple[Path, Path]) -> None:
    job, path = make_job(tmp_path, files, Selection("3,5")), tmp_path / "maps.svg"
    written = []
    for picture in job.write_pictures(job.chunks(), path, grid=False, several=True):
        assert picture.path.exists()
        written.append((picture.path.name, picture.pairs, picture.missing))
    assert written == [("maps-3.svg", 1, set()), ("maps-5.svg", 1, set())]
    (grid,) = job.write_pictures(job.chunks(), path, grid=True, several=False)
    assert (grid.path, grid.pairs) == (path, 2)
    everything = make_job(tmp_path, files, Selection())
    with pytest.raises(UsageError, match="--grid holds at most 36 pairs"):
        list(everything.write_pictures(everything.chunks(), tmp_path / "large.svg", grid=True, several=False))
    assert not (tmp_path / "large.svg").exists()


def test_a_page_with_labels(tmp_path: Path, files: tuple[Path, Path]) -> None:
    """Of some pairs they may be more than are looked at, of all pairs they may not."""
    label, path = tmp_path / "label.txt", tmp_path / "maps.html"
    label.write_text("1\n" * (PAIRS + 1))
    some = make_job(tmp_path, files, Selection(limit=2))
    assert some.write_page(some.chunks(), path, label) == 2
    assert path.read_text(encoding="utf-8").count('"label":1.0') == 2
    path.unlink()
    everything = make_job(tmp_path, files, Selection())
    with pytest.raises(DataError, match=r"41 lines, but .*q\.txt: 40 lines"):
        everything.write_page(everything.chunks(), path, label)
    label.write_text("1\n")
    with pytest.raises(DataError, match=r"1 lines, but .*q\.txt has more"):
        everything.write_page(everything.chunks(), path, label)
    assert not path.exists()
    assert everything.write_page(everything.chunks(), path, None) == PAIRS
