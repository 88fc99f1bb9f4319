"""The early-stopping metric: measured as it will be reported; undefined if the dev split has only one class."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from command_line import make_project
from forked import pairlens


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dev") / "project"
    make_project(folder)
    return folder


def setting(**values: object) -> list[str]:
    return [part for name, value in values.items() for part in ("--set", f"training.{name.replace('__', '.')}={value}")]


def test_a_dev_split_of_one_class(project: Path) -> None:
    """The area under the curve is undefined: a warning, epochs that use up patience, and null in JSON."""
    (project / "data" / "ones.label.txt").write_text("1\n" * 100)
    for side in ("query", "value"):
        (project / f"data/ones.{side}.txt").write_text((project / f"data/dev.{side}.txt").read_text())
    options = ["--set", "data.dev=data/ones", *setting(epochs=5, early_stopping__metric="roc_auc")]
    options += setting(early_stopping__patience=2)
    done = pairlens(project, "train", "config.yaml", *options, "--seeds", "2", "--output", "undefined")
    assert done.code == 0
    warning = f"{project}/data/ones: no pair has label 0, so roc_auc is undefined"
    assert done.stderr.index(f"warning: {warning}") < done.stderr.index("epoch ")
    assert f"warning: {warning}" in pairlens(project, "check", "config.yaml", *options).stderr
    assert len(re.findall("^epoch .* best$", done.stderr, re.MULTILINE)) == 2  # the first of each run
    assert len(re.findall("^epoch ", done.stderr, re.MULTILINE)) == 4  # two of each run
    summary = json.loads(done.stdout, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert summary["dev"]["roc_auc"] == {"mean": None, "deviation": None}
    assert json.loads((project / "undefined/seed-1/evaluation.json").read_text())["dev"]["roc_auc"] is None


def test_rare_positives_are_measured_at_the_threshold_that_is_fitted(project: Path) -> None:
    """At .5, a model trained on few positives predicts none, and its f1 would be 0 for many epochs."""
    for split, count in (("train", 300), ("dev", 100)):
        label = np.loadtxt(project / f"data/{split}.label.txt", int) * (np.arange(count) % 4 == 0)
        (project / f"data/rare-{split}.label.txt").write_text("".join(f"{x}\n" for x in label))
        for side in ("query", "value"):
            (project / f"data/rare-{split}.{side}.txt").write_text((project / f"data/{split}.{side}.txt").read_text())
    splits = ["--set", "data.train=data/rare-train", "--set", "data.dev=data/rare-dev", "--set", "data.test=null"]
    options = setting(epochs=4, early_stopping="{metric: f1, patience: 9}")
    done = pairlens(project, "train", "config.yaml", *splits, *options, "--output", "rare")
    assert done.code == 0, done.stderr
    lines = [json.loads(line) for line in (project / "rare/metrics.jsonl").read_text().splitlines()]
    assert all(line["dev"]["f1"] > 0.1 for line in lines)  # at least that of predicting all positive
    best = max(line["dev"]["f1"] for line in lines)
    assert json.loads((project / "rare/evaluation.json").read_text())["dev"]["f1"] == best
    assert f"Wrote rare  dev f1 {best:.4f}\n" in done.stderr
