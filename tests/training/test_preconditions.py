"""What training needs of its data: `check` and `train` report the same problems, before a run directory is made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from made_runs import write_split

from pairlens.check import examine
from pairlens.config.schema import Config
from pairlens.errors import UsageError
from pairlens.jobs.train_job import TrainJob

GOOD: dict[str, list[Any]] = {"query": [1, 1, 2, 2], "value": [3, 4, 5, 6], "label": [1, 0, 0, 1]}


def config(task: str = "binary", training: dict[str, Any] | None = None, **data: Path | list[Path]) -> Config:
    model = {"embedding": {"input_dim": 11, "output_dim": 2}}
    return Config.model_validate({"task": task, "data": data, "model": model, "training": training or {}})


def problems_of_both(config: Config, folder: Path) -> list[str]:
    """The problems that `check` finds, and `train` refuses."""
    problems = examine(config).problems
    job = TrainJob(config, folder / "run")
    if problems:
        with pytest.raises(UsageError) as refused:
            job.read()
        assert str(refused.value).splitlines() == problems
    else:
        job.read()
    assert not (folder / "run").exists()
    return problems


@pytest.mark.parametrize(
    ("task", "sides", "training", "problem"),
    [
        ("binary", {"label": [0] * 4}, {}, "{}: every label is 0; there is nothing to learn"),
        ("ranking", {"label": [0] * 4}, {}, "{}: every label is 0; there is nothing to learn"),
        ("multiclass", {"label": [2] * 4}, {}, "{}: every label is 2; there is nothing to learn"),
        ("binary", {"label": [0.3] * 4}, {}, "{}: every label is 0.3; there is nothing to learn"),
        ("multiclass", {"label": ["0.5 0.5"] * 4}, {}, "{}: every label is 0.5 0.5; there is nothing to learn"),
        ("regression", {"label": [2.5] * 4}, {}, "{}: every label is 2.5; there is nothing to learn"),
        (
            "binary",
            {"weight": [3, 0, 0, 1]},  # the two positives
            {},
            "{}: every label of weight above 0 is 1; there is nothing to learn",
        ),
        (
            "binary",
            {},
            {"class_weight": [1, 0]},
            "{}: every label of weight above 0 is 0; there is nothing to learn",
        ),
        (
            "binary",
            {},
            {"class_weight": [0, 0]},
            "{}: every pair has weight 0, its own or its class's; there is nothing to learn",
        ),
        (
            "binary",
            {},
            {"class_weight": [1, 2, 3]},
            "training.class_weight: 3 weights, but the labels have 2 classes; give one each",
        ),
        (
            "ranking",
            {"group": [1, 2, 3, 4]},
            {"loss": "pairwise"},
            "{}: no group has both a positive and a negative pair, which training.loss: pairwise compares; there is "
            "nothing to learn; give groups in {}.group.txt, or set training.loss: cross_entropy",
        ),
        (
            "ranking",
            {"group": [1, 2, 3, 4], "label": [0.25, 0.5, 0.75, 1]},
            {"loss": "pairwise"},
            "{}: no group has two different labels, which training.loss: pairwise compares; there is nothing to learn; "
            "give groups in {}.group.txt, or set training.loss: cross_entropy",
        ),
        (
            "ranking",
            {"group": [1, 2, 3, 4]},
            {"negatives": 2},
            "{}: no group has both a positive and a negative pair, which training.negatives counts; there is nothing "
            "to learn; give groups in {}.group.txt, or set training.negatives: null",
        ),
    ],
)
def test_check_and_train_agree(
    tmp_path: Path, task: str, sides: dict[str, list[Any]], training: dict[str, Any], problem: str
) -> None:
    train = write_split(tmp_path / "train", **GOOD | sides)
    assert problems_of_both(config(task, training, train=train), tmp_path) == [problem.replace("{}", str(train))]


@pytest.mark.parametrize("task", ["binary", "regression", "multiclass", "ranking"])
def test_they_agree_on_good_data(tmp_path: Path, task: str) -> None:
    train = write_split(tmp_path / "train", **GOOD)
    training = {"loss": "pairwise"} if task == "ranking" else {}
    assert problems_of_both(config(task, training, train=train), tmp_path) == []


@pytest.mark.parametrize(
    ("task", "label", "training"),
    [
        ("binary", [0.9, 0.1, 0.2, 1], {"class_weight": "balanced"}),
        ("ranking", [0.9, 0.8, 0.6, 0.6], {"loss": "pairwise"}),  # all are more likely positive, but not alike
        ("multiclass", ["0.5 0.5 0", "0 0.1 0.9", "1 0 0", "1 0 0"], {"class_weight": [1, 2, 3]}),
    ],
)
def test_they_agree_on_probabilities(tmp_path: Path, task: str, label: list[Any], training: dict[str, Any]) -> None:
    """The same pair may have several, in one file or several."""
    train = write_split(tmp_path / "train", **GOOD | {"label": label})
    again = write_split(tmp_path / "again", **GOOD | {"label": label[::-1]})
    assert problems_of_both(config(task, training, train=[train, again]), tmp_path) == []
    assert not [remark for remark in examine(config(task, training, train=[train, again])).remarks if "label" in remark]


@pytest.mark.parametrize(
    ("task", "label"),
    [("binary", [0.5, 1, 0.9, 0, 0, 1]), ("multiclass", ["0.5 0.5", "0 1", "0.1 0.9", "1 0", "1 0", "0 1"])],
)
def test_only_labels_that_are_certain_contradict_each_other(tmp_path: Path, task: str, label: list[Any]) -> None:
    """All are one pair but the last two, which are another: lines 2 and 4, and 5 and 6."""
    train = write_split(tmp_path / "train", query=[1, 1, 1, 1, 2, 2], value=[3] * 6, label=label)
    (remark,) = [remark for remark in examine(config(task, train=train)).remarks if "label" in remark]
    assert remark == f"{train}: 2 distinct pairs have more than one label, in lines 2 and 4, 5 and 6"


def test_problems_of_several_prefixes(tmp_path: Path) -> None:
    """A label that is the same everywhere, and pairs with both labels, are found through all of them."""
    one, other = (write_split(tmp_path / name, **GOOD | {"label": [0] * 4}) for name in ("one", "other"))
    both = config(train=[one, other])
    assert problems_of_both(both, tmp_path) == [f"{one}, {other}: every label is 0; there is nothing to learn"]
    write_split(other, label=[0, 1, 0, 0])
    assert problems_of_both(both, tmp_path) == []
    (remark,) = [remark for remark in examine(both).remarks if "label" in remark]
    found = "1 distinct pairs have more than one label, in lines 2 and 6 (lines are counted through all prefixes)"
    assert remark == f"{one}, {other}: {found}"
    Path(f"{other}.value.txt").unlink()
    (problem,) = problems_of_both(both, tmp_path)
    assert problem.startswith(f"{other}.value.txt: no such file")


@pytest.mark.parametrize("split", ["dev", "test"])
def test_a_split_that_is_only_measured(tmp_path: Path, split: str) -> None:
    """Its labels may be all the same, but its files must be complete, and its classes must occur in train."""
    train = write_split(tmp_path / "train", **GOOD)
    other = write_split(tmp_path / split, **GOOD | {"label": [0] * 4})
    assert problems_of_both(config(train=train, **{split: other}), tmp_path) == []
    write_split(other, label=[0, 1, 2, 0])
    (problem,) = problems_of_both(config("multiclass", train=train, **{split: other}), tmp_path)
    assert problem == f"{other}.label.txt:3:1: not a class: '2'; must be an integer from 0 to 1"
    Path(f"{other}.value.txt").unlink()
    (problem,) = problems_of_both(config(train=train, **{split: other}), tmp_path)
    assert problem.startswith(f"{other}.value.txt: no such file")


@pytest.mark.parametrize("temperature", [1e-320, 1e300])
def test_numbers_that_do_not_fit_into_32_bits(tmp_path: Path, temperature: float) -> None:
    train = write_split(tmp_path / "train", **GOOD)
    raw = config(train=train).model_dump()
    raw["model"]["attention"]["temperature"] = temperature
    (problem,) = problems_of_both(Config.model_validate(raw), tmp_path)
    assert problem.startswith(f"model.attention.temperature: {temperature:g} does not fit into a 32-bit float; ")


def test_a_vocabulary_that_is_missing(tmp_path: Path) -> None:
    """Training does not need it, but showing the run's words does."""
    train, vocab = write_split(tmp_path / "train", **GOOD), tmp_path / "vocab.txt"
    assert problems_of_both(config(train=train, vocab=vocab), tmp_path) == [f"{vocab}: No such file or directory"]


def test_a_warm_start_that_is_missing_or_of_another_network(tmp_path: Path) -> None:
    from pairlens.runs.run import Run

    train, origin = write_split(tmp_path / "train", **GOOD), tmp_path / "first"
    warm = config(train=train, training={"warm_start": origin})
    (problem,) = problems_of_both(warm, tmp_path)
    assert problem.startswith(f"{origin}: no such run directory")
    run = Run.create(origin, config(train=train), {})
    (problem,) = problems_of_both(warm, tmp_path)
    assert problem.startswith(f"{origin}/weights.npz: missing")
    run.write_weights({})
    (problem,) = problems_of_both(warm, tmp_path)
    assert problem.startswith(f"{origin}/weights.npz: the arrays do not fit")
    text = (origin / "config.yaml").read_text()
    (origin / "config.yaml").write_text(text.replace("format: 1", "format: 99"))
    (problem,) = problems_of_both(warm, tmp_path)
    assert "format 99 was written by a later pairlens" in problem


def test_another_vocabulary_is_refused_with_what_to_do(tmp_path: Path) -> None:
    """Without `data.vocab`, vocabularies are not compared."""
    from models import random_weights

    from pairlens.runs.run import Run

    train, origin, vocab = write_split(tmp_path / "train", **GOOD), tmp_path / "first", tmp_path / "vocab.txt"
    vocab.write_text("a\nb\n")
    first = config(train=train)
    Run.create(origin, first, {}, carried={"vocab.txt": b"b\na\n"}).write_weights(random_weights(first, 1))
    (problem,) = problems_of_both(config(train=train, vocab=vocab, training={"warm_start": origin}), tmp_path)
    assert problem == (
        f"{origin}: its vocabulary differs from {vocab}, so its embedding is for other words; set "
        f"training.warm_start_words: true to match them, or data.vocab to {origin}/vocab.txt"
    )
    for training in ({"warm_start": origin, "warm_start_words": True}, {"warm_start": origin}):
        named = {"vocab": vocab} if "warm_start_words" in training else {}
        assert examine(config(train=train, training=training, **named)).problems == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('["no", "yes", "maybe"]', "3 names, but the labels have 2 classes; name both"),
        ('["no", "no"]', "'no' is listed twice; give each class its own name"),
        ('{"no": 0}', 'must be a JSON list of class names, such as ["no", "yes"]'),
        ('["no", " "]', 'must be a JSON list of class names, such as ["no", "yes"]'),
        ("no", "not JSON (Expecting value: line 1 column 1 (char 0)); must be a JSON list of class names"),
        ("[" * 100_000, "not JSON ("),
    ],
)
def test_class_names_that_do_not_fit(tmp_path: Path, text: str, message: str) -> None:
    train, classes = write_split(tmp_path / "train", **GOOD), tmp_path / "classes.json"
    classes.write_text(text)
    (problem,) = problems_of_both(config(train=train, classes=classes), tmp_path)
    assert problem.startswith(f"{classes}: {message}")


def test_pairs_that_stand_with_both_labels_are_counted_and_shown(tmp_path: Path) -> None:
    query, value = [1, 2, 1, 3, 2, 1, 4], [5, 5, 5, 5, 5, 5, 5]
    # Lines 1, 3 and 6 are one pair, with labels 0, 1 and 0; lines 2 and 5 another, with labels 1 and 0.
    train = write_split(tmp_path / "train", query=query, value=value, label=[0, 1, 1, 0, 0, 0, 1])
    found = examine(config(train=train))
    assert found.problems == []
    (remark,) = [remark for remark in found.remarks if "label" in remark]
    assert remark == f"{train}: 2 distinct pairs have more than one label, in lines 2 and 5, 3 and 6"
    assert TrainJob(config(train=train), tmp_path / "run").read().remarks == [remark]
    graded = examine(config("regression", train=train))
    assert [remark for remark in graded.remarks if "label" in remark] == []


def test_a_ranking_that_cannot_be_measured(tmp_path: Path) -> None:
    train = write_split(tmp_path / "train", **GOOD)
    dev = write_split(tmp_path / "dev", **GOOD | {"group": [1, 2, 3, 4]})
    found = examine(config("ranking", train=train, dev=dev))
    assert found.problems == []
    expected = f"{dev}: no group has both a positive and a negative pair, so its metrics do not depend on the scores"
    assert any(remark.startswith(expected) for remark in found.remarks)
    assert [split.groups for split in found.splits] == [(2, 2, 2, 2, 0, 0), (4, 1, 1, 1, 2, 2)]
