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
    assert pairlens.evaluate(run, "dev", threshold=0.9)["threshold"] == 0.9


def test_pairs_that_cannot_be_measured(project: Path, run: pairlens.Run, tmp_path: Path) -> None:
    pairs = pairlens.load_pairs(project / "data" / "test")
    assert pairs.label is not None
    for wrong, message in (
        (Pairs(pairs.query, pairs.value), "one label for each"),
        (pairs.take(np.arange(0)), "at least one pair"),
        (Pairs(pairs.query, pairs.value, pairs.label + np.float32(0.5)), r"label \d+: not a binary label"),
        (Pairs(pairs.query, pairs.value, np.where(pairs.label > 0, np.float32("nan"), 0)), "not a number"),
    ):
        with pytest.raises(DataError, match=message):
            pairlens.evaluate(run, pairs=wrong)
    with pytest.raises(UsageError, match="give a split or pairs, not both"):
        pairlens.evaluate(run, "test", pairs=pairs)
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
