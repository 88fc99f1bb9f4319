"""The sample data set is what its script writes, is valid, and cannot be solved by counting common words."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from running import run_to_end

from pairlens.check import examine
from pairlens.config.file import load_config
from pairlens.metrics import best_threshold, evaluate_scores
from pairlens.texts.pairs import Pairs
from pairlens.texts.splits import read_split

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "data" / "sample"


def sample(split: str) -> Pairs:
    return read_split(load_config(ROOT / "configs" / "sample.yaml"), split)  # type: ignore[arg-type]


def test_the_script_makes_the_committed_bytes(tmp_path: Path) -> None:
    run_to_end([sys.executable, SAMPLE / "make_sample.py", tmp_path], check=True)
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert len(made) == 10  # three files for each of three splits, and the vocabulary
    assert made == {name: (SAMPLE / name).read_bytes() for name in made}


def test_it_is_small_and_without_faults() -> None:
    assert sum(path.stat().st_size for path in SAMPLE.iterdir()) < 1_000_000
    report = examine(load_config(ROOT / "configs" / "sample.yaml"))
    assert (report.problems, report.remarks) == ([], [])  # above all, no pair occurs in two splits
    assert [split.pairs for split in report.splits] == [4000, 500, 500]
    assert all(split.labels["0"] == split.labels["1"] for split in report.splits)


def test_every_word_is_seen_often_enough_to_be_learned() -> None:
    train = sample("train")
    counts = np.bincount(np.concatenate([train.query.ids, train.value.ids]))
    assert counts[0] == 0  # <pad>
    assert counts[2:].min() >= 30


def test_common_words_do_not_separate_paraphrases() -> None:
    dev = sample("dev")
    assert dev.label is not None
    overlap = np.array([len(set(q) & set(v)) / len(set(q) | set(v)) for q, v in zip(dev.query, dev.value, strict=True)])
    threshold = best_threshold(dev.label, overlap, "accuracy")
    assert evaluate_scores("binary", dev.label, overlap, threshold=threshold)["accuracy"] < 0.65
