"""pairlens evaluate: its numbers against scikit-learn's, and its choice of data and threshold."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import sklearn.metrics
from command_line import lines, random_texts, trained_project
from forked import pairlens


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_project(tmp_path_factory)


def test_metrics_are_those_of_the_predictions(project: Path, tmp_path: Path) -> None:
    result = pairlens(project, "evaluate", "run", "--predictions", tmp_path / "predictions.tsv")
    assert result.code == 0
    evaluation = json.loads(result.stdout)
    assert evaluation["run"] == "run"
    assert evaluation["split"] == "test"  # the default, as the config has one
    assert evaluation["pairs"] == 80

    header, *rows = (tmp_path / "predictions.tsv").read_text().splitlines()
    assert header == "label\tscore"
    label, score = np.array([row.split("\t") for row in rows], float).T
    np.testing.assert_array_equal(label, np.loadtxt(project / "data" / "test.label.txt"))
    positive = score >= evaluation["threshold"]
    score = score.astype(np.float32).astype(float)  # the float32 that was printed
    expected = {
        "accuracy": sklearn.metrics.accuracy_score(label, positive),
        "precision": sklearn.metrics.precision_score(label, positive),
        "recall": sklearn.metrics.recall_score(label, positive),
        "f1": sklearn.metrics.f1_score(label, positive),
        "mcc": sklearn.metrics.matthews_corrcoef(label, positive),
        "brier": sklearn.metrics.brier_score_loss(label, score),
        "roc_auc": sklearn.metrics.roc_auc_score(label, score),
        "average_precision": sklearn.metrics.average_precision_score(label, score),
        "log_loss": sklearn.metrics.log_loss(label, score),
    }
    for name, number in expected.items():
        assert evaluation["metrics"][name] == pytest.approx(number, rel=1e-7), name
        # The table for people has the same numbers.
        assert re.search(rf"{name} .*{number:.4f}", result.stderr)


def test_the_best_weights_and_the_fitted_threshold_are_what_dev_measured_in_training(
    project: Path, tmp_path: Path
) -> None:
    result = pairlens(project, "evaluate", "run", "--split", "dev", "--output", tmp_path / "dev.json", "--quiet")
    assert result == (0, "", "")
    evaluation = json.loads((tmp_path / "dev.json").read_text())
    trained = json.loads((project / "run" / "evaluation.json").read_text())
    assert evaluation["threshold"] == trained["threshold"]
    assert evaluation["metrics"] == trained["dev"]
    # These metrics need no threshold: they equal those of the best epoch, not of the last.
    epochs = [json.loads(line) for line in (project / "run" / "metrics.jsonl").read_text().splitlines()]
    best = max(epochs, key=lambda epoch: epoch["dev"]["accuracy"])  # the first, if several are equal
    for name in ("roc_auc", "average_precision", "log_loss"):
        assert evaluation["metrics"][name] == best["dev"][name]


def test_files_instead_of_a_split_and_metrics_that_are_undefined(project: Path, tmp_path: Path) -> None:
    for side, seed in (("query", 1), ("value", 2)):
        (tmp_path / f"{side}.txt").write_text(lines(random_texts(5, seed)))
    (tmp_path / "label.txt").write_text("1\n" * 5)
    files = [part for side in ("query", "value", "label") for part in (f"--{side}", tmp_path / f"{side}.txt")]
    result = pairlens(project, "evaluate", "run", *files)
    assert result.code == 0
    evaluation = json.loads(result.stdout, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert evaluation["pairs"] == 5
    assert evaluation["label"] == str(tmp_path / "label.txt")
    assert "split" not in evaluation
    # Without a negative pair the area under the curve is undefined.
    assert evaluation["metrics"]["roc_auc"] is None
    assert evaluation["metrics"]["recall"] is not None
    assert re.search("roc_auc .*undefined", result.stderr)


def test_without_a_test_split_dev_is_measured(project: Path, tmp_path: Path) -> None:
    shutil.copytree(project / "run", tmp_path / "run")
    config = tmp_path / "run" / "config.yaml"
    config.write_text(config.read_text().replace(f"test: {project}/data/test\n", "test: null\n"))
    result = pairlens(tmp_path, "evaluate", "run", "--quiet")
    assert result.code == 0
    assert json.loads(result.stdout)["split"] == "dev"

    refused = pairlens(tmp_path, "evaluate", "run", "--split", "test")
    assert refused.code == 2
    assert (
        refused.stderr == "error: the config does not set data.test; give the files with --query, --value and --label\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--split", "valid"], "--split valid: must be one of train, dev, test"),
        (["--query", "q.txt"], "--query, --value and --label go together"),
        (["--group", "g.txt"], "--group is for task ranking; the run was trained for binary"),
        (
            ["--split", "dev", "--query", "q.txt", "--value", "v.txt", "--label", "l.txt"],
            "give --split, or --query, --value and --label, not both",
        ),
    ],
)
def test_contradicting_arguments(project: Path, arguments: list[str], message: str) -> None:
    assert pairlens(project, "evaluate", "run", *arguments) == (2, "", f"error: {message}\n")
