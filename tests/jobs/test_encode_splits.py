"""Files and rows are assigned to splits by their names and keys."""

from __future__ import annotations

from collections import Counter

import pytest

from pairlens.errors import UsageError
from pairlens.jobs.encode_splits import Cut, learned_from, named_splits, same_text

NAMES = [
    ("sts-train.csv", "train"),
    ("data/msr_paraphrase_train.txt", "train"),
    ("TRAIN.tsv.gz", "train"),
    ("validation.jsonl", "dev"),
    ("val.csv", "dev"),
    ("x.dev2.csv", "x"),  # the stem is x
    ("train-00000-of-00002.parquet", "train"),
    ("latest.csv", "latest"),  # no word "test"
    ("contested_dev.csv", "dev"),
    ("all pairs.csv", "all-pairs"),
]


@pytest.mark.parametrize(("file", "name"), NAMES)
def test_a_split_is_named_after_its_file(file: str, name: str) -> None:
    assert named_splits([file]) == {name: [file]}


def test_names_may_be_given_and_then_files_are_joined() -> None:
    files = ["train=a.csv", "train=b.csv", "dev=x/test.csv"]
    assert named_splits(files) == {"train": ["a.csv", "b.csv"], "dev": ["x/test.csv"]}
    assert named_splits(["train=-"]) == {"train": ["-"]}


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (["-"], "stdin has no name; name its split, such as train=-"),
        (["test_matched.csv", "test_mismatched.csv"], "would be split test, like test_matched.csv"),
        (["dev.csv", "val.csv"], "val.csv: would be split dev, like dev.csv"),
        (["train.csv", "train=more.csv"], "train.csv: would be split train, like another file"),
    ],
)
def test_two_files_do_not_come_together_by_chance(files: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        named_splits(files)


def test_the_vocabulary_is_learned_from_train_or_the_first() -> None:
    assert learned_from(["dev", "train"]) == "train"
    assert learned_from(["mine", "dev"]) == "mine"


def test_a_cut_has_about_the_shares_and_depends_on_key_and_seed_alone() -> None:
    cut = Cut([80, 10, 10], seed=1)
    counts = Counter(cut.split_of(f"key {i}") for i in range(20_000))
    # binomial: the standard deviation of a share of 10 % of 20,000 is 42
    assert abs(counts["train"] - 16_000) < 250
    assert abs(counts["dev"] - 2_000) < 200
    again, other = Cut([8, 1, 1], seed=1), Cut([80, 10, 10], seed=2)
    keys = [f"key {i}" for i in range(500)]
    assert [again.split_of(key) for key in keys] == [cut.split_of(key) for key in keys]
    assert [other.split_of(key) for key in keys] != [cut.split_of(key) for key in keys]
    assert Cut([9, 1], seed=1).names == ("train", "dev")


@pytest.mark.parametrize(
    "shares", [[], [1], [80, -10, 10], [80, 0, 20], [1, 1, 1, 1], [float("inf"), 1], [float("nan"), 1]]
)
def test_shares_are_two_or_three_positive_numbers(shares: list[float]) -> None:
    with pytest.raises(UsageError, match="--split must be two or three positive numbers"):
        Cut(shares, seed=1)


def test_texts_that_look_the_same_are_one_key() -> None:
    assert same_text(" The  ﬁrst\tone") == same_text("the first ONE")
