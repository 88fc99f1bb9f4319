"""Configs and pairs in code: as in files, with the same faults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from written_configs import DOCUMENTED

import pairlens
from pairlens.errors import ConfigError, DataError, UsageError

MINIMAL: dict[str, Any] = {"data": {"train": "pairs"}, "model": {"embedding": {"input_dim": 9}}}


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """A split of two pairs."""
    for side, text in (("query", "1 2\n3\n"), ("value", "4\n5 6\n"), ("label", "0\n1\n"), ("group", "a\nb\n")):
        (tmp_path / f"pairs.{side}.txt").write_text(text)
    return tmp_path / "pairs"


def test_a_config_is_the_same_from_a_file_a_mapping_and_itself() -> None:
    config = pairlens.load_config(DOCUMENTED)
    assert pairlens.load_config(config.model_dump()) == pairlens.load_config(config) == config
    changed = pairlens.load_config(config, set={"training.epochs": 3, "model.conv[0].filters": 7, "data.dev": None})
    assert (changed.training.epochs, changed.model.conv[0].filters, changed.data.dev) == (3, 7, None)


def test_relative_paths_of_a_mapping_begin_in_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config = pairlens.load_config(MINIMAL, set={"data.test": Path("folder") / "test # 1"})
    assert config.data.prefixes("train") == (tmp_path / "pairs",)
    assert config.data.test == tmp_path / "folder" / "test # 1"


def test_every_fault_of_a_mapping_is_reported() -> None:
    faulty = {**MINIMAL, "training": {"epoch": 3, "batch_size": "many"}, 5: 1}
    with pytest.raises(ConfigError) as raised:
        pairlens.load_config(faulty, set={"task": "binary "})
    faults = "\n".join(raised.value.faults)
    for expected in (
        'config: training.epoch: unknown key; did you mean "epochs"?',
        'config: training.batch_size: found "many"; must be',
        "config: '5': unknown key",
        'task: found "binary "; must be',
    ):
        assert expected in faults, faults


def test_pairs_of_a_split_or_of_files(prefix: Path) -> None:
    pairs = pairlens.load_pairs(prefix)
    assert [ids.tolist() for ids in pairs.query] == [[1, 2], [3]]
    assert pairs.label is not None
    assert pairs.group is not None
    assert (pairs.label.tolist(), pairs.group.tolist(), pairs.weight) == ([0, 1], [0, 1], None)
    query, value = f"{prefix}.query.txt", f"{prefix}.value.txt"
    unlabelled = pairlens.load_pairs(query=query, value=value)
    assert np.array_equal(unlabelled.value.ids, pairs.value.ids)
    assert unlabelled.label is None


def test_pairs_are_read_by_the_rules_of_a_config(prefix: Path) -> None:
    short = pairlens.load_config(MINIMAL, set={"data.max_length": 1, "data.too_long": "truncate"})
    assert pairlens.load_pairs(prefix, config=short).query.lengths.tolist() == [1, 1]
    with pytest.raises(DataError, match=r"pairs\.value\.txt:2:3: .*6"):
        pairlens.load_pairs(prefix, config={**MINIMAL, "model": {"embedding": {"input_dim": 6}}})


def test_neither_or_half_a_way_to_name_pairs(prefix: Path) -> None:
    for given in ({}, {"prefix": prefix, "query": prefix}):
        with pytest.raises(UsageError, match="give the prefix of a split, or the files query and value"):
            pairlens.load_pairs(**given)
    with pytest.raises(UsageError, match="query and value go together"):
        pairlens.load_pairs(query=prefix, label=prefix)


def test_encoding_with_word_vectors(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("query,value,label\na b,b a,1\na b,b,0\n")
    (tmp_path / "vectors.txt").write_text("a 1 2\nnew 3 4\n")
    splits = {"train": tmp_path / "train.csv"}
    encoded = pairlens.encode(splits, tmp_path / "mine", vectors=tmp_path / "vectors.txt")
    assert encoded.vectors is not None
    assert "new" in encoded.tokenizer.vocabulary
    with pytest.raises(UsageError, match="leave out like and tokenizer"):
        pairlens.encode(splits, tmp_path / "other", tokenizer="char", vectors=tmp_path / "vectors.txt")
