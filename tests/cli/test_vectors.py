"""Word vectors on the command line: the messages, what a run records, and what --resume refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from command_line import make_project
from forked import pairlens

from pairlens.runs.run import Run

DIM = 4


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with vectors for half of its words."""
    make_project(tmp_path)
    words = (tmp_path / "data" / "vocab.txt").read_text().splitlines()
    lines = [f"{word} {' '.join(str(0.5 * i + j) for j in range(DIM))}\n" for i, word in enumerate(words[::2])]
    (tmp_path / "vectors.txt").write_text("".join(lines))
    return tmp_path


def changes(embedding: str) -> list[str]:
    return ["--set", f"model.embedding={{input_dim: 29, {embedding}}}", "--set", "training.epochs=1"]


PRETRAINED = changes("output_dim: 4, pretrained: vectors.txt, trainable: false")
BESIDE = changes("output_dim: 7, embeddings_initializer: {name: ppmi_svd, vectors: vectors.txt}")


@pytest.mark.parametrize("given", [PRETRAINED, BESIDE], ids=["pretrained", "beside ppmi_svd"])
def test_coverage_is_told_and_kept(project: Path, given: list[str]) -> None:
    coverage = f"{project}/vectors.txt: 15 of 29 words of the vocabulary have a vector (51.7%), and "
    checked = pairlens(project, "check", "config.yaml", *given)
    assert checked.code == 0
    assert coverage in checked.stderr
    trained = pairlens(project, "train", "config.yaml", *given, "--output", "run")
    assert trained.code == 0, trained.stderr
    assert coverage in trained.stderr
    environment = json.loads((project / "run" / "environment.json").read_text())
    assert environment["vectors"].items() >= {"rows": 15, "dim": DIM, "words": 29, "words_found": 15}.items()
    assert environment["data"].keys() >= {f"{project}/vectors.txt", f"{project}/data/vocab.txt"}


def test_vectors_that_stay_are_the_runs(project: Path) -> None:
    assert pairlens(project, "train", "config.yaml", *PRETRAINED, "--output", "run").code == 0
    run = Run.open(project / "run")
    embeddings = run.weights(run.config())["embedding/embeddings"]
    np.testing.assert_array_equal(embeddings[::2], [[0.5 * i + j for j in range(DIM)] for i in range(15)])
    assert (np.abs(embeddings[1::2]) <= 0.05).all()  # as Keras draws them


def test_no_training_goes_on_with_other_vectors(project: Path) -> None:
    assert pairlens(project, "train", "config.yaml", *BESIDE, "--output", "run").code == 0
    path = project / "vectors.txt"
    path.write_text(path.read_text().replace("0.5", "0.25"))
    refused = pairlens(project, "train", "config.yaml", *BESIDE, "--output", "run", "--resume")
    assert refused.code == 2
    assert f"run: {path} has changed since the run began; put the old file back" in refused.stderr


@pytest.mark.parametrize("given", [PRETRAINED, BESIDE], ids=["pretrained", "beside ppmi_svd"])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("data.vocab=null", "vectors are looked up by word; set data.vocab to the file with the words of the ids"),
        ("model.embedding.output_dim=3", "vectors of 4 numbers, but model.embedding.output_dim is 3; set it to 4"),
    ],
)
def test_what_train_refuses_check_refuses(project: Path, given: list[str], change: str, message: str) -> None:
    trained = pairlens(project, "train", "config.yaml", *given, "--set", change, "--output", "run")
    checked = pairlens(project, "check", "config.yaml", *given, "--set", change)
    for result in (trained, checked):
        assert result.code == 2
        assert f"error: {project}/vectors.txt: {message}" in result.stderr
    assert not (project / "run").exists()
