"""The Python interface for texts: encoding, scoring and attention as with the commands."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from command_line import pairlens as command

import pairlens
from pairlens.errors import DataError, UsageError
from pairlens.scoring.scorer import Scorer

COLOURS = ["red", "green", "blue", "grey"]
CONFIG = """\
data: {train: mine/train, tokenizer: mine/tokenizer.json, classes: mine/classes.json}
model: {embedding: {input_dim: 7, output_dim: 5}, conv: {filters: 3, kernel_size: 2}, dnn: {units: [3]}}
training: {epochs: 1, batch_size: 8}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`train.jsonl`, encoded into `mine`, and a run that was trained on it."""
    folder = tmp_path_factory.mktemp("texts")
    pairs = [(a, b) for a in COLOURS for b in COLOURS]
    rows = [{"text1": f"The {a}", "text2": f"the {b}", "label": str(a == b).lower()} for a, b in pairs]
    (folder / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    encoded = pairlens.encode({"train": folder / "train.jsonl"}, folder / "mine")
    assert encoded.tokenizer.vocabulary == ["[PAD]", "[UNK]", "the", "blue", "green", "grey", "red"]
    assert (encoded.classes, encoded.splits["train"].pairs) == (["false", "true"], 16)
    (folder / "config.yaml").write_text(CONFIG)
    assert command(folder, "train", "config.yaml", "--output", "run").code == 0
    return folder


@pytest.fixture
def scorer(project: Path) -> Scorer:
    return pairlens.load(project / "run")


def test_strings_get_the_scores_of_their_ids(scorer: Scorer) -> None:
    texts, ids = ["The red!", "blue"], [[2, 6, 1], [3]]
    assert np.array_equal(scorer.score(texts, texts[::-1]), scorer.score(ids, ids[::-1]))
    assert np.array_equal(scorer.score("The red!", "blue"), scorer.score(ids[:1], ids[1:]))
    assert np.array_equal(pickle.loads(pickle.dumps(scorer)).score(texts, texts), scorer.score(ids, ids))


def test_attention_has_the_words_of_the_text(scorer: Scorer) -> None:
    (found,) = scorer.attend("The RED!", "a blue")
    assert found.texts is not None
    query, value = found.texts
    assert (query.words, query.unknown, query.gaps) == (["The", "RED", "!"], [False, False, True], ["", " ", ""])
    assert (value.marked, found.scores.shape) == (["a*", "blue"], (3, 2))
    (by_ids,) = scorer.attend([[2, 6, 1]], [[1, 3]])
    assert np.array_equal(found.scores, by_ids.scores)
    assert by_ids.texts is None


def test_input_that_cannot_be_scored_is_reported(project: Path, scorer: Scorer) -> None:
    with pytest.raises(DataError, match="query 1: no tokens"):
        scorer.score(["red", " "], ["red", "red"])
    with pytest.raises(DataError, match="text 0: not a sequence of ids"):
        scorer.score(["red", [3]], ["red", "red"])
    config = scorer.config.model_copy(update={"data": scorer.config.data.model_copy(update={"max_length": 1})})
    short = Scorer(config, scorer._weights, tokenizing=scorer._tokenizing)
    with pytest.raises(DataError, match=r"text 1: more tokens than data\.max_length: 1"):
        short.score(["red", "the red"], ["red", "red"])
    with pytest.raises(DataError, match="texts are strings, but the model has no tokenizer"):
        Scorer(scorer.config, scorer._weights).score(["red"], ["red"])
    with pytest.raises(UsageError, match="exists already"):
        pairlens.encode({"train": project / "train.jsonl"}, project / "mine")


def test_like_and_columns(project: Path, tmp_path: Path) -> None:
    (tmp_path / "more.csv").write_text("x,y\nred,blue\n")
    columns = {"query": "y", "value": "x"}
    encoded = pairlens.encode({"more": [tmp_path / "more.csv"]}, tmp_path / "out", columns, like=project / "run")
    assert encoded.classes == ["false", "true"]
    assert (tmp_path / "out" / "more.query.txt").read_text() == "3\n"
    assert pairlens.Tokenizer.read(tmp_path / "out" / "tokenizer.json").checksum == encoded.tokenizer.checksum
