"""A run as Python sees it, and its measures, which are those of the command."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from command_line import trained_project
from forked import pairlens as command
from made_runs import make_run

import pairlens
from pairlens.errors import DataError, RunError, UsageError
from pairlens.runs.json_files import without_nan
from pairlens.texts.pairs import Pairs


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_project(tmp_path_factory)


@pytest.fixture
def run(project: Path) -> pairlens.Run:
    return pairlens.Run(project / "run")


def test_a_run_is_a_path_with_what_was_written(project: Path, run: pairlens.Run) -> None:
    assert (os.fspath(run), repr(run)) == (str(project / "run"), f"Run({str(project / 'run')!r})")
    assert (run.config.training.seed, len(run.metrics), run.vocabulary[:2]) == (7, 20, ["word0", "word1"])  # type: ignore[index]
    assert run.evaluation == json.loads((project / "run" / "evaluation.json").read_text())
    assert len({run, pairlens.Run(project / "run")}) == 1
    assert pairlens.load_config(run) == run.config
    assert pairlens.load_config(run, set={"training.epochs": 3}).training.epochs == 3
    ids = [[1, 2], [3]]
    assert np.array_equal(run.load().score(ids, ids), pairlens.load(run).score(ids, ids))
    with pytest.raises(RunError, match="no such run directory"):
        pairlens.Run(project / "nothing")


def test_measures_are_those_of_the_command(project: Path, run: pairlens.Run) -> None:
    expected = json.loads(command(project, "evaluate", run.path, "--quiet").stdout)
    measured = pairlens.evaluate(run)
    assert json.loads(json.dumps(without_nan(measured))) == expected
    pairs = pairlens.load_pairs(project / "data" / "test", config=run)
    of_pairs = pairlens.evaluate(run, pairs=pairs)
    del measured["split"]
    assert of_pairs == measured
    booleans = [number == 1 for number in pairs.label.tolist()]  # type: ignore[union-attr]
    assert pairlens.evaluate(run, pairs=Pairs(pairs.query, pairs.value, booleans)) == of_pairs  # type: ignore[arg-type]
    assert pairlens.evaluate(run, "dev", threshold=0.9)["threshold"] == 0.9


def test_pairs_that_cannot_be_measured(project: Path, run: pairlens.Run, tmp_path: Path) -> None:
    pairs = pairlens.load_pairs(project / "data" / "test")
    assert pairs.label is not None
    for wrong, message in (
        (Pairs(pairs.query, pairs.value), "one label for each"),
        (pairs.take(np.arange(0)), "at least one pair"),
        (Pairs(pairs.query, pairs.value, [1, 0]), r"label: found 2 for \d+ pairs"),  # type: ignore[arg-type]
        (Pairs(pairs.query, pairs.value, pairs.label + np.float32(0.5)), r"label \d+: not a binary label"),
        (Pairs(pairs.query, pairs.value, np.where(pairs.label > 0, np.float32("nan"), 0)), "not a number"),
    ):
        with pytest.raises(DataError, match=message):
            pairlens.evaluate(run, pairs=wrong)
    with pytest.raises(UsageError, match="give a split or pairs, not both"):
        pairlens.evaluate(run, "test", pairs=pairs)
    for threshold in ("a", np.nan, -np.inf, 1e39, [0.5]):
        with pytest.raises(UsageError, match=r"threshold: found .*; must be a finite number"):
            pairlens.evaluate(run, pairs=pairs, threshold=threshold)  # type: ignore[arg-type]
    for call in (pairlens.evaluate, pairlens.load, pairlens.Run.load):
        with pytest.raises(UsageError, match="threads: found '2'; must be an integer"):
            call(run, threads="2")  # type: ignore[operator]
    with pytest.raises(UsageError, match=r"pairs: found a value of type tuple; make them with pairlens\.make_pairs"):
        pairlens.evaluate(run, pairs=([[1]], [[2]], [1]))  # type: ignore[arg-type]
    regression = make_run(project, tmp_path / "regression", task="regression")
    with pytest.raises(UsageError, match=r"threshold is for task binary; .*regression was trained for regression"):
        pairlens.evaluate(regression, pairs=pairs, threshold=0.5)


def test_ids_are_shown_as_words(run: pairlens.Run) -> None:
    """Also by one pair of the list alone; a scorer without a run shows the ids."""
    found = run.load().attend([[1, 2], [3]], [[4], [5]])
    assert ">word2<" in found._repr_html_()
    assert ">word5<" in found[1]._repr_html_()
    assert ">word5<" not in found[0]._repr_html_()


def test_texts_may_be_iterators(run: pairlens.Run) -> None:
    ids = [[1, 2], [3]]
    expected = run.load().attend(ids, ids)
    found = run.load().attend(iter(ids), (text for text in ids))
    assert [np.array_equal(one.scores, other.scores) for one, other in zip(found, expected, strict=True)] == [True] * 2


@pytest.mark.parametrize(
    ("name", "content", "shown"),
    [
        ("evaluation.json", '{"dev": null}', "evaluation.json is damaged"),
        ("evaluation.json", '{"dev": {"accuracy": "<b>"}}', "evaluation.json is damaged"),
        ("evaluation.json", "[]", "damaged (not a JSON object)"),
        ("metrics.jsonl", '{"dev": {}}\n', "metrics.jsonl or"),
        ("metrics.jsonl", "{\n", "metrics.jsonl: damaged"),
    ],
)
def test_a_notebook_shows_what_is_damaged(project: Path, tmp_path: Path, name: str, content: str, shown: str) -> None:
    path = make_run(project, tmp_path / "run")
    (path / name).write_text(content)
    html = pairlens.Run(path)._repr_html_()
    assert str(path) in html
    assert shown in html
    assert "<b>," not in html
