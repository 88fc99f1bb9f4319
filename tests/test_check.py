"""What `check` reports: figures for every split, and all problems at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pairlens.check import Findings, examine
from pairlens.config.schema import Config


def write(folder: Path, split: str, queries: list[str], values: list[str], labels: list[str]) -> Path:
    for side, lines in (("query", queries), ("value", values), ("label", labels)):
        (folder / f"{split}.{side}.txt").write_text("".join(f"{line}\n" for line in lines))
    return folder / split


def findings(data: dict[str, Any], input_dim: int = 11, task: str = "binary", **embedding: Any) -> Findings:
    model = {"embedding": {"input_dim": input_dim, "output_dim": 2, **embedding}}
    return examine(Config.model_validate({"task": task, "data": data, "model": model}))


@pytest.fixture
def train(tmp_path: Path) -> Path:
    return write(tmp_path, "train", ["1 2 3", "4", "5 6"], ["7", "8 9", "10"], ["0", "1", "1"])


def test_figures_of_a_split(train: Path) -> None:
    found = findings({"train": train})
    assert found.problems == []
    (split,) = found.splits
    assert (split.name, split.pairs) == ("train", 3)
    # Sorted lengths are 1 2 3 and 1 1 2. Of three numbers the 90th percentile is nearest to index 1.8, the last.
    assert split.query_length == (1, 2, 3, 3, 3)
    assert split.value_length == (1, 1, 2, 2, 2)
    assert split.ids == (1, 10)
    assert (split.empty, split.too_long) == (0, 0)
    assert split.labels == {"0": 1, "1": 2}


def test_figures_of_regression(tmp_path: Path) -> None:
    train = write(tmp_path, "train", ["1", "2"], ["3", "4"], ["-1.5", "4"])
    (split,) = findings({"train": train}, task="regression").splits
    assert split.labels == {"min": -1.5, "mean": 1.25, "max": 4.0}


@pytest.mark.parametrize(
    ("task", "labels", "expected"),
    [
        ("binary", ["0", "0.25", "0.5"], {"min": 0, "mean": 0.25, "max": 0.5}),
        ("multiclass", ["0.5 0.25 0.25", "0 1 0", "0 1 0"], {"0": 0.5, "1": 2.25, "2": 0.25}),
    ],
)
def test_figures_of_probabilities(tmp_path: Path, task: str, labels: list[str], expected: dict[str, float]) -> None:
    train = write(tmp_path, "train", ["1", "2", "3"], ["3", "4", "5"], labels)
    found = findings({"train": train}, task=task)
    assert found.problems == []
    assert found.splits[0].labels == expected


def test_the_groups_of_probabilities(tmp_path: Path) -> None:
    """More than 0.5 counts as positive: one group has both, one no positive, one no negative."""
    train = write(tmp_path, "train", ["1", "1", "2", "2", "3"], ["4"] * 5, ["0.4", "0.6", "0.5", "0", "0.9"])
    assert findings({"train": train}, task="ranking").splits[0].groups == (3, 1, 2, 2, 1, 1)


def test_figures_of_several_prefixes(tmp_path: Path, train: Path) -> None:
    other = write(tmp_path, "other", ["1"], ["10"], ["0"])
    found = findings({"train": [train, other]}, input_dim=10)
    assert (found.splits[0].pairs, found.splits[0].labels) == (4, {"0": 2, "1": 2})
    assert found.problems == [
        f"{train}, {other}: ids go up to 10, but model.embedding.input_dim is 10; set it to 11 or more"
    ]


def test_ids_beyond_the_vocabulary(train: Path) -> None:
    assert findings({"train": train}, input_dim=10).problems == [
        f"{train}: ids go up to 10, but model.embedding.input_dim is 10; set it to 11 or more"
    ]
    assert findings({"train": train}, input_dim=11).problems == []


def test_texts_that_are_empty_or_too_long(tmp_path: Path) -> None:
    train = write(tmp_path, "train", ["1 2 3", "", "5 6"], ["", "8 9 10", "10"], ["0", "1", "1"])
    data = {"train": train, "max_length": 2}
    (split,) = findings(data).splits
    assert (split.empty, split.too_long) == (2, 2)
    assert findings(data).problems == [
        f"{train}: 2 texts have no tokens; remove them, or set data.empty: score",
        f"{train}: 2 texts have more than 2 tokens; raise data.max_length, or set data.too_long: truncate",
    ]
    assert findings({**data, "empty": "score", "too_long": "truncate"}).problems == []


def test_labels_that_teach_nothing(tmp_path: Path) -> None:
    same = write(tmp_path, "same", ["1", "2"], ["3", "4"], ["1", "1"])
    assert findings({"train": same}).problems == [f"{same}: every label is 1; there is nothing to learn"]
    mixed = write(tmp_path, "mixed", ["5", "6"], ["3", "4"], ["0", "1"])
    assert findings({"train": mixed, "test": same}).problems == []  # it can be evaluated


def test_a_fault_in_one_file_does_not_hide_the_others(tmp_path: Path, train: Path) -> None:
    dev = write(tmp_path, "dev", ["1", "x"], ["3", "4"], ["0", "1"])
    test = write(tmp_path, "test", ["1", "2"], ["3", "4"], ["0", "2"])
    vocab, pretrained = tmp_path / "vocab.txt", tmp_path / "vectors.npy"
    found = findings({"train": train, "dev": dev, "test": test, "vocab": vocab}, pretrained=pretrained)
    places = [problem.split(": ")[0] for problem in found.problems]
    assert places == [f"{dev}.query.txt:2:1", f"{test}.label.txt:2:1", str(vocab), str(pretrained)]
    assert [split.name for split in found.splits] == ["train"]


def test_pairs_in_two_splits(tmp_path: Path) -> None:
    """Counted once each; a pair is its query and its value, in this order."""
    shared = [("1 2", "7"), ("4", "9")]
    train = [*shared, shared[0], ("3", "8"), ("5 6", "1"), ("2", "1 0")]
    #                   swapped     other order  other boundary  zeros at the end   a longer text than any in train
    dev = [*shared[::-1], ("8", "3"), ("6 5", "1"), ("5", "6 1"), ("2", "1 0 0"), ("7 7 7 7", "7 7 7 7")]
    data = {}
    for name, pairs in (("train", train), ("dev", dev)):
        queries, values = zip(*pairs, strict=True)
        data[name] = write(
            tmp_path, name, list(queries), list(values), ["0", "1", "0", "1", "0", "1", "0"][: len(pairs)]
        )
    assert findings(data).remarks == ["2 distinct pairs are in both train and dev"]


def test_pairs_in_two_splits_against_python(tmp_path: Path) -> None:
    """Texts of few ids and lengths share much; counting with sets of tuples gives the same."""
    random = np.random.default_rng(1)
    sides = [[" ".join(map(str, random.integers(0, 3, random.integers(1, 4)))) for _ in range(300)] for _ in range(4)]
    labels = ["0", "1"] * 150
    data = {"train": write(tmp_path, "train", *sides[:2], labels), "test": write(tmp_path, "test", *sides[2:], labels)}
    common = len(set(zip(*sides[:2], strict=True)) & set(zip(*sides[2:], strict=True)))
    assert common > 10
    assert f"{common} distinct pairs are in both train and test" in findings(data).remarks


def test_a_vocabulary_of_another_size(tmp_path: Path, train: Path) -> None:
    vocab = tmp_path / "vocab.txt"
    for words, remarks in ((11, []), (9, [f"{vocab}: 9 words, but model.embedding.input_dim is 11"])):
        vocab.write_text("word\n" * words)
        found = findings({"train": train, "dev": train, "vocab": vocab})
        assert [remark for remark in found.remarks if "pairs are in both" not in remark] == remarks
        assert found.problems == []


def test_warnings_of_the_config_are_remarks(train: Path) -> None:
    config = Config.model_validate(
        {"data": {"train": train}, "model": {"embedding": {"input_dim": 11}, "attention": {"use_causal_mask": True}}}
    )
    assert any("use_causal_mask" in warning for warning in config.warnings())
    assert examine(config).remarks == config.warnings()


def test_texts_of_padding_alone_are_counted_as_empty(tmp_path: Path) -> None:
    train = write(tmp_path, "train", ["0 0", "1 0", "0 0 2"], ["3", "0", "4"], ["0", "1", "1"])
    message = "texts have no tokens, or none but id 0; remove them, or set data.empty: score"
    assert findings({"train": train}, mask_zero=True).problems == [f"{train}: 2 {message}"]
    cut = {"train": train, "max_length": 2, "too_long": "truncate"}
    assert findings(cut, mask_zero=True).problems == [f"{train}: 3 {message}"]
    assert findings({"train": train, "empty": "score"}, mask_zero=True).problems == []
