"""The format of a run directory: those of earlier versions are read, those of later versions are refused."""

from __future__ import annotations

import shutil
from importlib.metadata import version
from pathlib import Path

import pytest
from command_line import files_below, trained_project
from forked import pairlens

from pairlens.config.file import FORMAT

TEXTS = ("data/test.query.txt", "data/test.value.txt")


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_project(tmp_path_factory)


@pytest.fixture
def copy(project: Path, tmp_path: Path) -> Path:
    """A copy of the project whose run the test changes."""
    return Path(shutil.copytree(project, tmp_path / "project"))


def set_format(run: Path, line: str) -> None:
    config = run / "config.yaml"
    text = config.read_text()
    assert text.startswith(f"format: {FORMAT}\n")
    config.write_text(text.replace(f"format: {FORMAT}\n", line))


def test_a_run_that_says_no_format_is_read(project: Path, copy: Path) -> None:
    """As pairlens 0.1.0 wrote it."""
    set_format(copy / "run", "")
    scores = pairlens(copy, "score", "run", *TEXTS)
    assert scores.code == 0
    assert scores == pairlens(project, "score", "run", *TEXTS)


@pytest.mark.parametrize(
    "arguments",
    [
        ("score", "run", *TEXTS),
        ("attend", "run", *TEXTS),
        ("evaluate", "run"),
        ("evaluate", "whole", "--compare", "run"),
        ("report", "whole", "run", "--output", "report.html"),
        ("train", "config.yaml", "--set", "training.seed=7", "--output", "run", "--resume"),
        ("train", "run/config.yaml", "--output", "new"),
        ("check", "run/config.yaml"),
    ],
    ids=" ".join,
)
def test_a_run_of_a_later_format_is_refused(copy: Path, arguments: tuple[str, ...]) -> None:
    shutil.copytree(copy / "run", copy / "whole")
    set_format(copy / "run", f"format: {FORMAT + 1}\n")
    before = files_below(copy)
    assert pairlens(copy, *arguments) == (2, "", later())
    assert files_below(copy) == before


def test_a_warm_start_from_a_later_format_is_refused(copy: Path) -> None:
    set_format(copy / "run", f"format: {FORMAT + 1}\n")
    done = pairlens(copy, "train", "config.yaml", "--set", "training.warm_start=run", "--output", "new")
    assert done.code == 2
    assert done.stderr.endswith(later(f"{copy}/"))


def later(folder: str = "") -> str:
    return (
        f"error: {folder}run/config.yaml:1: format {FORMAT + 1} was written by a later pairlens; this is "
        f"{version('pairlens')}, which reads formats up to {FORMAT}; upgrade pairlens\n"
    )


def test_a_runs_config_is_a_config(copy: Path) -> None:
    few = ("--set", "training.epochs=1")
    assert pairlens(copy, "train", "run/config.yaml", *few, "--output", "again").code == 0
    first, again = ((copy / name / "config.yaml").read_text() for name in ("run", "again"))
    assert again == first.replace("epochs: 20", "epochs: 1")
