"""Dumps, pages and pictures of attention from Python, without the command."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import lines
from models import make_config, random_texts, random_weights

from pairlens.attention.selection import Selection
from pairlens.errors import DataError, UsageError
from pairlens.jobs.attend_job import CELL_BYTES, AttendJob, Purpose
from pairlens.runs.run import Run
from pairlens.scoring import memory
from pairlens.scoring.memory import map_bytes
from pairlens.scoring.scorer import Scorer
from pairlens.texts.sources import IdFiles

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
    return AttendJob(run, IdFiles(*files), selection)


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
    with pytest.raises(UsageError, match="--grid takes at most 36 pairs"):
        list(everything.write_pictures(everything.chunks(), tmp_path / "large.svg", grid=True, several=False))
    assert not (tmp_path / "large.svg").exists()


def test_a_page_with_labels(tmp_path: Path, files: tuple[Path, Path]) -> None:
    """A page of some pairs ignores further labels; a page of all pairs refuses them."""
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


# ---- memory ----------------------------------------------------------------------------------------------------------

TOKENS = 500  # a side; a map of 1 MB


BOTH: dict[str, Any] = {"attention": {"direction": "both"}}
MADE = ["maps.npz", "maps.jsonl", "maps.tsv", "maps.h5", "maps.html", "summary"]


@pytest.mark.parametrize(
    ("made", "model"),
    [(made, model) for model in ({}, BOTH, {"masking": "none"}) for made in MADE] + [("maps.png", BOTH)],
)
def test_what_does_not_fit_is_refused_before_it_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: str, model: dict[str, Any]
) -> None:
    """With the counted bytes available, the pair needs no more than that; with one byte less it is refused."""
    config = make_config(**model)
    run = Run.create(tmp_path / "run", config, {})
    run.write_weights(random_weights(config))
    (tmp_path / "q.txt").write_text("1 2\n" + "3 4 " * (TOKENS // 2) + "\n")
    (tmp_path / "v.txt").write_text("1 2\n" + "5 6 " * (TOKENS // 2) + "\n")
    kinds: dict[str, Purpose] = {"summary": "summary", "maps.html": "page", "maps.png": "pictures"}
    kind = kinds.get(made, "matrices")
    counted = int(map_bytes(config, np.array([TOKENS]), np.array([TOKENS]), CELL_BYTES[kind])[0])
    Scorer(config, random_weights(config)).attend([[1]], [[1]])  # exclude first-time compilation and imports
    monkeypatch.setattr(memory, "_SMALL", 0)

    def job_of(pair: str) -> AttendJob:
        return AttendJob(run, IdFiles(tmp_path / "q.txt", tmp_path / "v.txt"), Selection(pair))

    def peak(available: int) -> int:
        monkeypatch.setattr(memory, "available_memory", lambda: available)
        job = job_of("1")
        tracemalloc.start()
        try:
            make(job, kind, tmp_path / made)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    with pytest.raises(DataError, match=r"/q\.txt:2:1: the attention of its pair needs .* of memory, but "):
        peak(counted - 1)
    assert list(tmp_path.glob("maps*")) == []
    monkeypatch.setattr(memory, "available_memory", lambda: counted)
    make(job_of("0"), kind, tmp_path / made)  # first-time imports
    assert peak(counted) <= counted


def make(job: AttendJob, kind: Purpose, path: Path) -> None:
    chunks = job.chunks(kind)
    match kind:
        case "summary":
            job.summary(chunks)
        case "page":
            job.write_page(chunks, path, None)
        case "pictures":
            list(job.write_pictures(chunks, path, grid=False, several=False))
        case "matrices":
            job.write_matrices(chunks, path, "float32")
