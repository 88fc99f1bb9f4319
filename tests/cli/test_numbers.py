"""Numbers that one command prints and another reads select the same pairs, to the bit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn.metrics
from command_line import Result, trained_project
from forked import pairlens
from made_runs import make_run

from pairlens import load
from pairlens.runs.run import Run
from pairlens.texts.lines import read_labels
from pairlens.texts.splits import read_split


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_project(tmp_path_factory)


def score(project: Path, run: Path | str, *options: str) -> Result:
    return pairlens(project, "score", run, "data/test.query.txt", "data/test.value.txt", *options)


def said_by(project: Path, run: Path | str) -> np.ndarray:
    """The library's scores of the test pairs."""
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
    """If the threshold is a pair's score, exactly that pair and those with higher scores are positive."""
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


def saturated_run(project: Path, path: Path, task: str, **settings: Any) -> Path:
    """A run whose head is so large that most of its probabilities are 0 or 1 in float32."""
    run = Run.open(make_run(project, path, task=task, **settings))
    weights = run.weights(run.config())
    run.write_weights(weights | {"head/kernel": 300 * weights["head/kernel"], "head/bias": weights["head/bias"] + 100})
    return path


@pytest.mark.parametrize("symmetric", [False, True])
def test_saturated_scores_are_ranked_by_their_logits(project: Path, tmp_path: Path, symmetric: bool) -> None:
    """The oracle is scikit-learn on the output of --logits."""
    label = read_labels(project / "data" / "test.label.txt", "binary")
    run = saturated_run(project, tmp_path / "run", "binary", symmetric=symmetric)
    scores, logits = (np.array(score(project, run, *o).stdout.split(), np.float32) for o in ([], ["--logits"]))
    assert np.mean(scores == 1) > 0.3
    np.testing.assert_array_equal(np.argsort(scores[np.argsort(logits, kind="stable")], kind="stable"), np.arange(80))
    metrics = json.loads(pairlens(project, "evaluate", run, "--quiet").stdout)["metrics"]
    assert metrics["roc_auc"] == pytest.approx(sklearn.metrics.roc_auc_score(label, logits))
    assert metrics["average_precision"] == pytest.approx(sklearn.metrics.average_precision_score(label, logits))
    assert metrics["roc_auc"] != pytest.approx(sklearn.metrics.roc_auc_score(label, scores))
    rows = score(project, run, "--logits", "--format", "jsonl").stdout.splitlines()
    assert [json.loads(row)["logits"] for row in rows] == pytest.approx(logits.tolist())


def test_saturated_scores_of_a_group_are_ranked_by_their_logits(project: Path, tmp_path: Path) -> None:
    """One group of all pairs: its average precision is that of all pairs."""
    split = tmp_path / "one"
    for side in ("query", "value"):
        Path(f"{split}.{side}.txt").write_text((project / f"data/test.{side}.txt").read_text())
    run = saturated_run(project, tmp_path / "run", "ranking", data={"test": str(split)})
    logits = np.array(score(project, run, "--logits").stdout.split(), np.float32)
    first, second = np.argsort(-logits)[:2].tolist()
    label = np.arange(80) % 2
    label[[first, second]] = 0, 1
    Path(f"{split}.label.txt").write_text("".join(f"{x}\n" for x in label))
    Path(f"{split}.group.txt").write_text("0\n" * 80)
    found = json.loads(pairlens(project, "evaluate", run, "--errors", "1", "--quiet").stdout)
    assert found["metrics"]["map"] == pytest.approx(sklearn.metrics.average_precision_score(label, logits))
    (error,) = found["errors"]  # a negative above the best positive, though both score 1
    assert (error["pair"], error["score"], error["loss"]) == (first, 1, 0)


def test_a_fitted_threshold_cuts_through_equal_scores(project: Path, tmp_path: Path) -> None:
    """The run's logit threshold decides among pairs that score 1; a given threshold on scores replaces it."""
    label = read_labels(project / "data" / "test.label.txt", "binary")
    run = saturated_run(project, tmp_path / "run", "binary")
    logits = np.array(score(project, run, "--logits").stdout.split(), np.float32)
    bound = float(np.sort(logits)[-5])
    Run.open(run).write_evaluation({"threshold": 1.0, "logit_threshold": bound})
    found = json.loads(pairlens(project, "evaluate", run, "--quiet").stdout)
    assert (found["threshold"], found["logit_threshold"]) == (1.0, bound)
    assert np.array(found["confusion"])[:, 1].sum() == 5
    assert found["metrics"]["accuracy"] == np.mean((logits >= bound) == label)
    all_ones = json.loads(pairlens(project, "evaluate", run, "--threshold", "1", "--quiet").stdout)
    assert np.array(all_ones["confusion"])[:, 1].sum() > 5
    assert "logit_threshold" not in all_ones


def test_logits_of_a_regression_are_refused(project: Path, tmp_path: Path) -> None:
    run = make_run(project, tmp_path / "run", task="regression")
    refused = score(project, run, "--logits")
    assert (refused.code, refused.stdout) == (2, "")
    assert "--logits" in refused.stderr
    assert "float32" in pairlens(project, "score", "--help").stdout


@pytest.fixture
def overflowing(project: Path, tmp_path: Path) -> Path:
    """A run with a huge embedding of word 3 only: pairs with that word have no finite score."""
    run = Run.open(make_run(project, tmp_path / "large"))
    weights = run.weights(run.config())
    weights["embedding/embeddings"][3] = 3e38
    weights["conv/0/kernel"] = np.abs(weights["conv/0/kernel"]) + 1
    run.write_weights(weights)
    (tmp_path / "q.txt").write_text("1 2\n1 2\n1 3\n2 2\n")
    (tmp_path / "v.txt").write_text("1\n2\n2\n2\n")
    return run.path


def test_a_pair_whose_score_overflows_is_named(overflowing: Path, tmp_path: Path) -> None:
    files = "q.txt", "v.txt"
    stopped = pairlens(tmp_path, "score", overflowing, *files)
    assert (stopped.code, stopped.stdout) == (1, "")
    (line,) = stopped.stderr.splitlines()
    assert line.startswith("error: q.txt:3:1: its score is not a finite number")
    for options in ([], ["--logits"]):
        passed = pairlens(tmp_path, "score", overflowing, *files, *options, "--on-bad-line", "nan")
        assert passed.code == 0
        assert [text == "nan" for text in passed.stdout.split()] == [False, False, True, False]
        assert passed.stderr.startswith("warning: 1 of 4 pairs have a bad line and score nan\nwarning: q.txt:3:1: ")
    options = ["--format", "jsonl", "--on-bad-line", "nan", "--bad-lines", "bad.jsonl"]
    rows = pairlens(tmp_path, "score", overflowing, *files, *options).stdout.splitlines()
    assert json.loads(rows[2])["score"] is None
    assert json.loads((tmp_path / "bad.jsonl").read_text())["pair"] == 2


def test_attention_that_overflows_names_the_pair(overflowing: Path, tmp_path: Path) -> None:
    attend = ("attend", overflowing, "q.txt", "v.txt")
    for options in (["--pairs", "1-2"], ["--min-score", "0", "--limit", "4"], ["--summary"], ["-o", "maps.jsonl"]):
        failed = pairlens(tmp_path, *attend, *options)
        assert failed.code == 1, failed
        assert failed.stderr.splitlines()[-1].startswith("error: q.txt:3:1: its score is not a finite number")
    assert not (tmp_path / "maps.jsonl").exists()
    assert pairlens(tmp_path, *attend, "--pairs", "0-1").code == 0
    passed = pairlens(tmp_path, *attend, "-o", "maps.jsonl", "--on-bad-line", "skip")
    assert passed.code == 0
    assert "warning: 1 pair has a fault and is left out\nwarning: q.txt:3:1: its score is not" in passed.stderr
    assert [json.loads(row)["pair"] for row in (tmp_path / "maps.jsonl").read_text().splitlines()[1:]] == [0, 1, 3]


def test_evaluate_names_a_pair_whose_score_overflows(overflowing: Path, tmp_path: Path) -> None:
    (tmp_path / "l.txt").write_text("1\n0\n1\n0\n")
    failed = pairlens(tmp_path, "evaluate", overflowing, "--query=q.txt", "--value=v.txt", "--label=l.txt")
    assert (failed.code, failed.stdout) == (1, "")
    assert failed.stderr.startswith("error: pair 2: its score is ")
