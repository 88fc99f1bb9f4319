"""Numbers that one command prints and another takes: they mean the same pairs, to the last bit."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from command_line import Result, pairlens, trained_project
from made_runs import make_run

from pairlens import load
from pairlens.texts.lines import read_labels
from pairlens.texts.splits import read_split


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_project(tmp_path_factory)


def score(project: Path, run: Path | str, *options: str) -> Result:
    return pairlens(project, "score", run, "data/test.query.txt", "data/test.value.txt", *options)


def said_by(project: Path, run: Path | str) -> np.ndarray:
    """What the library says of the test pairs."""
    scorer = load(project / run)
    pairs = read_split(scorer.config, "test")
    return scorer.score(pairs.query, pairs.value)


def test_a_printed_score_reads_back(project: Path, tmp_path: Path) -> None:
    expected = said_by(project, "run")
    text = score(project, "run").stdout.split()
    assert np.array(text, np.float32).tobytes() == expected.tobytes()
    assert [float(line) for line in text] == [
        json.loads(line)["score"] for line in score(project, "run", "--format", "jsonl").stdout.splitlines()
    ]
    pairlens(project, "evaluate", "run", "--predictions", tmp_path / "predictions.tsv")
    rows = [line.split("\t") for line in (tmp_path / "predictions.tsv").read_text().splitlines()[1:]]
    assert [row[1] for row in rows] == text
    maps = pairlens(project, "attend", "run", "data/test.query.txt", "data/test.value.txt", "-o", tmp_path / "m.tsv")
    assert maps.code == 0
    first = {row[0]: row[1] for row in (line.split("\t") for line in (tmp_path / "m.tsv").read_text().splitlines()[2:])}
    assert list(first.values()) == text


def test_a_label_is_written_as_it_was_read(project: Path, tmp_path: Path) -> None:
    """3.6 as a float32 is 3.5999999046325684."""
    (tmp_path / "label.txt").write_text("3.6\n" * 80)
    run = make_run(project, tmp_path / "run", task="regression")
    files = [f"--{side}={project}/data/test.{side}.txt" for side in ("query", "value")]
    options = [f"--label={tmp_path / 'label.txt'}", "--predictions", tmp_path / "p.tsv", "--errors", "1"]
    found = pairlens(tmp_path, "evaluate", run, *files, *options)
    assert {line.split("\t")[0] for line in (tmp_path / "p.tsv").read_text().splitlines()[1:]} == {"3.6"}
    assert json.loads(found.stdout)["errors"][0]["label"] == 3.6


def test_accuracy_and_confusion_matrix_count_the_same_pairs_at_every_printed_score(project: Path) -> None:
    """A threshold that is a pair's score is reached by that pair, by those above and by no other."""
    label = read_labels(project / "data" / "test.label.txt", "binary")
    scores = said_by(project, "run")
    for text in dict.fromkeys(score(project, "run").stdout.split()[:12]):
        found = json.loads(pairlens(project, "evaluate", "run", "--threshold", text, "--quiet").stdout)
        positive = scores >= np.float32(text)
        assert found["threshold"] == float(text)
        (tn, fp), (_, tp) = found["confusion"]
        assert (tp + fp, tp) == (positive.sum(), label[positive].sum())
        assert found["metrics"]["accuracy"] == (tp + tn) / len(label) == np.mean(positive == (label == 1))


def test_attend_finds_the_pair_whose_score_is_both_bounds(project: Path) -> None:
    for number, text in list(enumerate(score(project, "run").stdout.split()))[:5]:
        bounds = "--min-score", text, "--max-score", text, "--limit", "3"
        shown = pairlens(project, "attend", "run", "data/test.query.txt", "data/test.value.txt", *bounds)
        assert shown.code == 0
        assert f"pair {number} " in shown.stdout
