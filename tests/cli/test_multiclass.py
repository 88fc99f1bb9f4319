"""A multiclass model on the command line: its score is the probability of each class."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from command_line import make_project
from forked import pairlens

ARGUMENTS = ["run", "data/test.query.txt", "data/test.value.txt"]


def test_scores_are_class_probabilities(tmp_path: Path) -> None:
    make_project(tmp_path)
    labels = tmp_path / "data" / "train.label.txt"
    lines = labels.read_text().splitlines()
    labels.write_text("\n".join(["2" if i % 3 == 2 else line for i, line in enumerate(lines)]) + "\n")
    options = ["--set", "task=multiclass", "--set", "training.epochs=1", "--output", "run"]
    trained = pairlens(tmp_path, "train", "config.yaml", *options)
    assert trained.code == 0, trained.stderr
    assert "classes: 3" in (tmp_path / "run" / "config.yaml").read_text()  # the number of distinct labels

    text = pairlens(tmp_path, "score", *ARGUMENTS).stdout
    scores = np.array([[float(number) for number in line.split(" ")] for line in text.splitlines()])
    assert scores.shape == (80, 3)
    np.testing.assert_allclose(scores.sum(axis=1), 1.0, atol=1e-6)

    rows = [
        json.loads(line) for line in pairlens(tmp_path, "score", *ARGUMENTS, "--format", "jsonl").stdout.splitlines()
    ]
    np.testing.assert_array_equal([row["score"] for row in rows], scores)
    tsv = pairlens(tmp_path, "score", *ARGUMENTS, "--format", "tsv").stdout.splitlines()
    assert [line.split("\t")[2] for line in tsv] == text.splitlines()

    shown = pairlens(tmp_path, "attend", *ARGUMENTS, "--pairs", "5")
    assert shown.code == 0
    assert f"pair 5  score {scores[5].max():.4f}" in shown.stdout  # the probability of the predicted class
