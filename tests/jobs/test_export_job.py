"""What an export has beside the model: the card, the run's words, and what is refused before anything is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import files_below
from made_runs import write_split
from models import make_config, random_weights
from safetensors.numpy import load_file

from pairlens import packages
from pairlens.config.schema import Config
from pairlens.config.weights import fingerprint
from pairlens.errors import RunError, UsageError
from pairlens.evaluation.evaluation import labelled_files, measure, score_files
from pairlens.jobs.export_job import ExportJob
from pairlens.runs.carried import hashes
from pairlens.runs.run import Run
from pairlens.scoring.scorer import Scorer

CARRIED = {"vocab.txt": b"red\nblue\n", "tokenizer.json": b"{}", "classes.json": b'["no", "yes"]'}


def make_run(folder: Path, dev: bool = True, **changes: Any) -> Run:
    """A run with random weights, 20 pairs of dev and what training records about them."""
    random = np.random.default_rng(1)
    lines = {side: [" ".join(map(str, random.integers(0, 23, 4))) for _ in range(20)] for side in ("query", "value")}
    prefix = write_split(folder / "dev", **lines, label=[0, 1] * 10)
    raw = make_config(**changes).model_dump()
    raw["data"] |= {"train": "train", "dev": str(prefix) if dev else None}
    config = Config.model_validate(raw)
    run = Run.create(folder / "run", config, {"carried": hashes(CARRIED)}, carried=CARRIED)
    run.write_weights(random_weights(config))
    if dev:
        metrics = measure(score_files(run, labelled_files(config, "dev")[1], threshold=0.625))["metrics"]
        run.write_evaluation({"threshold": 0.625, "dev": metrics})
    return run


def exported(run: Run, folder: Path, remark: str | None = None) -> tuple[dict[str, Any], str]:
    """The card and the README of an export of the weights, which needs no TensorFlow."""
    written = ExportJob(run, "safetensors", folder, force=True).write()
    assert (written.remark or "").startswith(remark or "")
    assert (written.remark is None) == (remark is None)
    return json.loads((folder / "card.json").read_text()), (folder / "README.md").read_text()


def test_the_card_says_which_model_it_is_and_how_good(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    card, readme = exported(run, tmp_path / "export")
    config = run.config()
    assert card["fingerprint"] == fingerprint(config, run.weights(config)) in readme
    assert (card["task"], card["run"], card["threshold"]) == ("binary", "run", 0.625)
    assert "A pair counts as positive from a score of 0.625 on." in readme
    assert card["sha256"] == hashes(CARRIED)
    assert card["versions"].keys() == {"pairlens", "safetensors"}
    expected = measure(score_files(run, labelled_files(config, "dev")[1]))
    assert card["dev"]["metrics"] == expected["metrics"]
    assert {name: tuple(ends) for name, ends in card["dev"]["intervals"].items()} == expected["intervals"]
    low, high = expected["intervals"]["accuracy"]
    assert f"| accuracy | {expected['metrics']['accuracy']:.4f} | {low:.4f} to {high:.4f} |" in readme
    assert card["dev"]["note"].startswith("Measured on the 20 pairs of dev")
    example = card["example"]
    np.testing.assert_array_equal(
        np.float32(example["score"]),
        Scorer(config, run.weights(config)).score(example["query_ids"], example["value_ids"]),
    )


def test_without_the_pairs_of_the_training_there_are_no_intervals(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    recorded = (run.evaluation() or {})["dev"]
    labels = tmp_path / "dev.label.txt"
    for content, why in (("1\n0\n" * 10, "are not those of the training any more"), (None, "cannot be read (")):
        labels.write_text(content) if content else labels.unlink()
        remark = f"the card has no intervals: the pairs of dev {why}"
        card, readme = exported(run, tmp_path / "export", remark)
        assert (card["dev"]["metrics"], card["dev"]["intervals"]) == (recorded, None)
        assert "These are the metrics that training recorded." in readme
        assert str(tmp_path) not in readme  # of this machine
        assert f"| accuracy | {recorded['accuracy']:.4f} | not known |" in readme


def test_pairs_of_dev_that_have_moved_are_named_as_the_remark_says(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    for path in tmp_path.glob("dev.*"):
        path.rename(path.with_name(f"moved{path.suffixes[0]}.txt"))
    remark = ExportJob(run, "safetensors", tmp_path / "export").write().remark or ""
    assert remark.endswith("; if it has moved, add --set data.dev=PREFIX)")
    card, _ = exported(Run.open(run.path, [f"data.dev={tmp_path / 'moved'}"]), tmp_path / "export")
    assert card["dev"]["intervals"]


def test_a_run_without_dev_and_without_a_threshold(tmp_path: Path) -> None:
    card, readme = exported(make_run(tmp_path, dev=False, task="regression"), tmp_path / "export")
    assert (card["threshold"], card["dev"]["metrics"]) == (None, None)
    assert "trained without a dev split" in readme
    assert "counts as positive" not in readme


def test_what_the_run_carries_and_its_weights_are_in_the_directory(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    card, _ = exported(run, tmp_path / "export")
    found = files_below(tmp_path / "export")
    assert card["files"] == sorted(found)
    assert {name: found[name] for name in CARRIED} == CARRIED
    weights = run.weights(run.config())
    loaded = load_file(tmp_path / "export" / "model.safetensors")
    assert loaded.keys() == weights.keys()
    for name, array in loaded.items():
        np.testing.assert_array_equal(array, weights[name])
    network = json.loads(found["config.json"])
    assert Config.model_validate({"data": {"train": "train"}, **network}).model == run.config().model


def test_words_that_are_not_the_runs_are_refused(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    (tmp_path / "run" / "vocab.txt").write_text("green\n")
    with pytest.raises(RunError, match=r"vocab.txt: not what .* was trained with"):
        ExportJob(run, "safetensors", tmp_path / "export")
    assert not (tmp_path / "export").exists()


@pytest.mark.parametrize("name", [*CARRIED])
def test_a_file_that_the_run_has_lost_is_named(name: str, tmp_path: Path) -> None:
    run = make_run(tmp_path)
    (tmp_path / "run" / name).unlink()
    with pytest.raises(RunError, match=f"run/{name}: missing, but the run was trained with it; copy the run again"):
        ExportJob(run, "safetensors", tmp_path / "export")
    assert not (tmp_path / "export").exists()


def test_a_run_without_the_results_of_its_dev_split(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    (tmp_path / "run" / "evaluation.json").unlink()
    card, readme = exported(run, tmp_path / "export", "the card has no metrics, nor a threshold fitted on dev: ")
    assert (card["dev"]["metrics"], card["threshold"]) == (None, None)
    assert "The results on dev are not known" in readme
    assert "without a dev split" not in readme
    assert "counts as positive" not in readme


def test_a_run_from_before_vocabularies_were_carried(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    for name in ("environment.json", *CARRIED):
        (tmp_path / "run" / name).unlink()
    _, readme = exported(run, tmp_path / "export")
    assert "carries no tokenizer and no vocabulary" in readme


def test_the_network_that_plain_layers_cannot_express_is_refused_by_name(tmp_path: Path) -> None:
    run = make_run(tmp_path, overlap=True, features=["encoding", "absolute_difference"])
    with pytest.raises(UsageError) as error:
        ExportJob(run, "keras", tmp_path / "export")
    assert str(error.value) == (
        "--format keras: plain tf-keras layers cannot express the feature absolute_difference (no layer takes absolute "
        "values), model.overlap (no layer counts what two texts have in common); choose savedmodel or onnx, which have "
        "the whole network, or safetensors, the weights alone"
    )


def test_weights_that_are_too_large_for_onnx_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, large = make_run(tmp_path), np.broadcast_to(np.float32(0), (2**29,))
    monkeypatch.setattr(Run, "weights", lambda *_: {"embedding/embeddings": large})
    with pytest.raises(UsageError, match="the weights have 2,147,483,648 bytes, and an ONNX file at most 2 GB"):
        ExportJob(run, "onnx", tmp_path / "export")


@pytest.mark.parametrize(
    ("to", "missing", "install"),
    [
        ("savedmodel", "tensorflow", "tensorflow"),
        ("keras", "tf-keras", "tf-keras"),
        ("onnx", "tf2onnx", "'pairlens[onnx]'"),
        ("safetensors", "safetensors", "'pairlens[safetensors]'"),
    ],
)
def test_a_missing_package_is_named_first(
    to: Any, missing: str, install: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = missing.replace("-", "_")
    monkeypatch.setattr(packages, "find_spec", lambda name: None if name == module else name)
    with pytest.raises(UsageError) as error:
        ExportJob(Run(tmp_path / "no run"), to, tmp_path / "export")
    message = f"exporting {to} needs {missing}, which is not installed: pip install {install}"
    assert str(error.value) == message
