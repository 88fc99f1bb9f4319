"""pairlens check: validation of a config and its data."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import make_project
from forked import pairlens


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("check")
    make_project(folder)
    return folder


def test_a_good_config(project: Path) -> None:
    result = pairlens(project, "check", "config.yaml", COLUMNS="200")
    assert result.code == 0
    assert result.stdout == "config.yaml: no faults found\n"
    cells = [line.strip("│ ").split() for line in result.stderr.splitlines() if line.startswith("│")]
    assert [row[:3] for row in cells] == [["train", "│", "300"], ["dev", "│", "100"], ["test", "│", "80"]]


def test_quiet(project: Path) -> None:
    assert pairlens(project, "check", "config.yaml", "--quiet") == (0, "config.yaml: no faults found\n", "")


def test_every_fault_of_the_data_is_found_at_once(project: Path, tmp_path: Path) -> None:
    """Faults in four files: a fault in one does not keep the others from being read."""
    for side in ("query", "value", "label"):
        text = (project / "data" / f"train.{side}.txt").read_text()
        (tmp_path / f"train.{side}.txt").write_text(text.replace("1\n", "one\n", 1) if side == "label" else text)
    line = (tmp_path / "train.label.txt").read_text().splitlines().index("one") + 1
    changed = {
        "data.train": tmp_path / "train",
        "data.dev": "data/dve",
        "model.embedding.input_dim": 28,
        "data.vocab": "none.txt",
    }
    options = [part for key, value in changed.items() for part in ("--set", f"{key}={value}")]
    result = pairlens(project, "check", "config.yaml", *options, "--quiet")
    assert (result.code, result.stdout) == (2, "")
    faults = result.stderr.splitlines()
    assert faults == [
        f"error: {tmp_path}/train.label.txt:{line}:1: not a number: 'one'; a label is one finite number",
        f"error: {project}/data/dve.query.txt: no such file, nor one with .gz, .bz2 or .xz; "
        "did you mean dev.query.txt?",
        f"error: {project}/data/test: ids go up to 28, but model.embedding.input_dim is 28; set it to 29 or more",
        f"error: {project}/none.txt: No such file or directory",
    ]


def test_remarks_are_warnings_and_no_faults(project: Path) -> None:
    result = pairlens(project, "check", "config.yaml", "--set", "data.dev=data/train", "--set", "data.test=null")
    assert (result.code, result.stdout) == (0, "config.yaml: no faults found\n")
    warnings = [line for line in result.stderr.splitlines() if line.startswith("warning: ")]
    assert len(warnings) == 1
    assert warnings[0].endswith("distinct pairs are in both train and dev")


def test_what_check_refuses_train_refuses(project: Path, tmp_path: Path) -> None:
    """Labels that are all 0, before TensorFlow is loaded and without a run directory."""
    for side in ("query", "value", "label"):
        text = (project / "data" / f"train.{side}.txt").read_text()
        (tmp_path / f"train.{side}.txt").write_text(text.replace("1\n", "0\n") if side == "label" else text)
    change = ("--set", f"data.train={tmp_path}/train", "--quiet")
    error = f"error: {tmp_path}/train: every label is 0; there is nothing to learn\n"
    assert pairlens(project, "check", "config.yaml", *change) == (2, "", error)
    assert pairlens(project, "train", "config.yaml", *change, "--output", tmp_path / "run") == (2, "", error)
    assert not (tmp_path / "run").exists()


def test_groups_of_one_pair_are_told(project: Path, tmp_path: Path) -> None:
    for split in ("train", "dev"):
        for side in ("query", "value", "label"):
            text = (project / "data" / f"{split}.{side}.txt").read_text()
            (tmp_path / f"{split}.{side}.txt").write_text(text)
    (tmp_path / "dev.group.txt").write_text("".join(f"{number}\n" for number in range(100)))
    changes = ("task=ranking", f"data.train={tmp_path}/train", f"data.dev={tmp_path}/dev", "data.test=null")
    options = [part for change in changes for part in ("--set", change)]
    result = pairlens(project, "check", "config.yaml", *options)
    assert result.code == 0
    assert "dev: 100 groups of 1 to 1 pairs, median 1; " in result.stderr
    fault = f"warning: {tmp_path}/dev: no group has both a positive and a negative pair"
    assert fault in result.stderr
    trained = pairlens(project, "train", "config.yaml", *options, "--set", "training.epochs=1", "-o", tmp_path / "run")
    assert trained.code == 0
    assert fault in trained.stderr


def test_several_prefixes_one_with_probabilities(project: Path, tmp_path: Path) -> None:
    for side in ("query", "value"):
        (tmp_path / f"scored.{side}.txt").write_text("1 2\n3\n")
    (tmp_path / "scored.label.txt").write_text("0.75\n0.5\n")
    several = ("--set", f"data.train=[data/train, {tmp_path}/scored]")
    result = pairlens(project, "check", "config.yaml", "--verbose", *several, COLUMNS="200")
    assert (result.code, result.stdout) == (0, "config.yaml: no faults found\n")
    (row,) = [line.strip("│ ").split() for line in result.stderr.splitlines() if line.startswith("│ train")]
    assert row[2] == "302"
    assert row[-3:-1] == ["0–1,", "mean"]
    (read,) = [line for line in result.stderr.splitlines() if line.endswith(": 302 pairs")]
    assert f"{project}/data/train.label.txt, {tmp_path}/scored.query.txt" in read
    (tmp_path / "scored.label.txt").write_text("0.75\n1.5\n")
    result = pairlens(project, "check", "config.yaml", "--quiet", *several)
    fault = "not a binary label: '1.5'; must be 0, 1 or a probability between them"
    assert (result.code, result.stderr) == (2, f"error: {tmp_path}/scored.label.txt:2:1: {fault}\n")
