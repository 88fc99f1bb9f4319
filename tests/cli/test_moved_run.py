"""A moved run without its data still has its words; a run of an older version reports how to give them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import CACHE, WITHOUT_PRIVILEGES, Result, pairlens, trained_project

CLASSES = ["different", "alike"]
FILES = ["q.txt", "v.txt"]
LABELLED = ["--query", "q.txt", "--value", "v.txt", "--label", "l.txt"]


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_project(tmp_path_factory)


@pytest.fixture(scope="module")
def moved(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A run with words and class names, moved to a folder with three other files, all read-only."""
    project = tmp_path_factory.mktemp("here") / "project"
    shutil.copytree(trained, project, ignore=shutil.ignore_patterns("run"))
    (project / "data" / "classes.json").write_text(json.dumps(CLASSES))
    changes = ["--set", "data.classes=data/classes.json", "--set", "training.epochs=1"]
    done = pairlens(project, "train", "config.yaml", *changes, "--output", "run")
    assert done.code == 0, done.stderr
    folder = tmp_path_factory.mktemp("there")
    shutil.move(project / "run", folder / "model")
    for letter, side in zip("qvl", ("query", "value", "label"), strict=True):
        lines = (project / "data" / f"test.{side}.txt").read_text().splitlines(keepends=True)
        (folder / f"{letter}.txt").write_text("".join(lines[:9]))
    shutil.rmtree(project)
    places = [folder / "model" / "checkpoint", folder / "model", folder]
    for place in places:
        place.chmod(0o555)
    yield folder
    for place in places:
        place.chmod(0o755)


def without_home(folder: Path, *arguments: str | Path) -> Result:
    return pairlens(folder, *arguments, before=WITHOUT_PRIVILEGES, HOME="", **CACHE)


def word(folder: Path) -> str:
    """The word of the first query's first token."""
    return "word" + (folder / "q.txt").read_text().split()[0]


def test_it_scores_with_words(moved: Path) -> None:
    result = without_home(moved, "score", "model", *FILES, "--words", "--format", "jsonl")
    assert result.code == 0, result.stderr
    assert json.loads(result.stdout.splitlines()[0])["query"][0] == word(moved)


@pytest.mark.parametrize("name", [None, "maps.html", "maps.tsv", "map.png"])
def test_it_shows_words_in_maps(moved: Path, tmp_path: Path, name: str | None) -> None:
    output = ["--output", tmp_path / name] if name else []
    result = without_home(moved, "attend", "model", *FILES, *output)
    assert (result.code, "ids are shown" in result.stderr) == (0, False), result.stderr
    if name != "map.png":
        assert word(moved) in ((tmp_path / name).read_text() if name else result.stdout)


def test_a_page_of_maps_knows_the_names_of_labels(moved: Path, tmp_path: Path) -> None:
    page = tmp_path / "maps.html"
    result = without_home(moved, "attend", "model", *FILES, "--label", "l.txt", "--output", page)
    assert result.code == 0, result.stderr
    assert '"classes":["different","alike"]' in page.read_text().replace('", "', '","').replace(": ", ":")


def test_it_is_evaluated_with_words_and_names_of_classes(moved: Path) -> None:
    result = without_home(moved, "evaluate", "model", *LABELLED, "--errors", "9")
    assert result.code == 0, result.stderr
    evaluated = json.loads(result.stdout)
    assert evaluated["classes"] == CLASSES
    assert any(error["query"].split()[0] == word(moved) for error in evaluated["errors"])
    assert {error["label"] for error in evaluated["errors"]} <= {0.0, 1.0}  # not the class names
    assert "label alike" in result.stderr


def test_a_report_has_words_and_names_of_classes(moved: Path, tmp_path: Path) -> None:
    result = without_home(moved, "report", "model", *LABELLED, "--output", tmp_path / "report.html")
    assert result.code == 0, result.stderr
    page = (tmp_path / "report.html").read_text()
    assert word(moved) in page
    assert '<th scope="row">label alike</th>' in page


# ---- splits that moved -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [["evaluate", "model"], ["report", "model", "--output"]])
def test_a_split_that_has_moved_can_be_named(moved: Path, trained: Path, tmp_path: Path, command: list[str]) -> None:
    arguments: list[str | Path] = [*command, *([tmp_path / "page.html"] if command[0] == "report" else [])]
    lost = pairlens(moved, *arguments)
    assert (lost.code, lost.stdout) == (2, "")
    assert "if it has moved, add --set data.test=PREFIX" in lost.stderr
    found = pairlens(moved, *arguments, "--set", f"data.test={trained}/data/test")
    assert found.code == 0, found.stderr


def test_what_would_be_another_run_is_not_set(moved: Path) -> None:
    result = pairlens(moved, "evaluate", "model", "--set", "model.symmetric=true")
    assert result.code == 2
    assert "--set model.symmetric=true: a trained run is fixed; only data.train, data.dev, data.test" in result.stderr


# ---- older runs ------------------------------------------------------------------------------------------------------


@pytest.fixture
def old(moved: Path, tmp_path: Path) -> Path:
    """The same run as a version before 0.3.0 would have written it."""
    folder = Path(shutil.copytree(moved, tmp_path / "old"))
    for place in (folder, folder / "model"):
        place.chmod(0o755)
    for name in ("vocab.txt", "classes.json"):
        (folder / "model" / name).unlink()
    environment = json.loads((folder / "model" / "environment.json").read_text())
    del environment["carried"]
    (folder / "model" / "environment.json").write_text(json.dumps(environment))
    return folder


WITH_WORDS = {
    "score": ["score", "model", *FILES, "--words", "--format", "jsonl"],
    "attend": ["attend", "model", *FILES],
    "evaluate": ["evaluate", "model", *LABELLED, "--errors", "1"],
    "report": ["report", "model", *LABELLED, "--output", "page.html", "--force"],
}


@pytest.mark.parametrize("command", WITH_WORDS)
def test_a_run_from_before_shows_ids_and_says_why_or_takes_a_vocabulary(old: Path, trained: Path, command: str) -> None:
    shown = pairlens(old, *WITH_WORDS[command])
    assert shown.code == 0, shown.stderr
    assert "warning: model: showing ids instead of words: the run has no vocab.txt" in shown.stderr.replace("\n", " ")
    assert "word" not in shown.stdout
    given = pairlens(old, *WITH_WORDS[command], "--vocab", trained / "data" / "vocab.txt")
    assert (given.code, "ids are shown" in given.stderr) == (0, False)
    assert "word" in (given.stdout if command != "report" else (old / "page.html").read_text())


@pytest.mark.parametrize("command", WITH_WORDS)
def test_a_vocabulary_that_is_not_the_runs(moved: Path, tmp_path: Path, command: str) -> None:
    """The vocabulary lacks one word."""
    other = tmp_path / "other.txt"
    other.write_text("".join(f"word{i}\n" for i in range(28)))
    arguments = [tmp_path / "page.html" if part == "page.html" else part for part in WITH_WORDS[command]]
    result = pairlens(moved, *arguments, "--vocab", other)
    assert (result.code, result.stdout) == (2, "")
    assert f"{other}: not what model was trained with: its SHA-256 is " in result.stderr
    assert "… in training; give the vocab.txt that model was trained with" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["score", "model", *FILES, "--vocab", "v.txt"], "--vocab is the vocabulary of --words; add --words"),
        (["evaluate", "model", *LABELLED, "--vocab", "v.txt"], "--vocab is for the texts of the worst pairs; add"),
    ],
)
def test_a_vocabulary_that_would_be_idle(moved: Path, arguments: list[str], message: str) -> None:
    result = pairlens(moved, *arguments)
    assert result.code == 2
    assert message in result.stderr


def test_words_of_a_run_that_never_had_any(old: Path) -> None:
    config = old / "model" / "config.yaml"
    lines = config.read_text().splitlines(keepends=True)
    config.write_text("".join("  vocab: null\n" if line.startswith("  vocab: ") else line for line in lines))
    result = pairlens(old, *WITH_WORDS["score"])
    assert result.code == 2
    assert "the run was trained without data.vocab; add --vocab FILE" in result.stderr
