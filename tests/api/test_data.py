"""Configs and pairs in code: as in files, with the same faults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
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


def test_numbers_of_numpy_are_those_of_python() -> None:
    numbers = {"training.epochs": np.int64(2), "training.optimizer.learning_rate": np.float32(0.5)}
    lists = {"model.dnn.units": np.array([4, 3]), "model.embedding.mask_zero": np.bool_(True)}
    config = pairlens.load_config(MINIMAL, set={**numbers, **lists})
    assert (config.training.epochs, config.training.optimizer.learning_rate) == (2, 0.5)
    assert (config.model.dnn.units, config.model.embedding.mask_zero) == ((4, 3), True)
    sized = {**MINIMAL, "model": {"embedding": {"input_dim": np.uint8(5)}}}
    assert pairlens.load_config(sized).model.embedding.input_dim == 5
    with pytest.raises(ConfigError, match=r"^set\['training.epochs'\]: training.epochs: found 2\.5; must be"):
        pairlens.load_config(MINIMAL, set={"training.epochs": np.float64(2.5)})


@pytest.mark.parametrize("value", [{1, 2}, object(), b"3", np.datetime64("2026-01-01"), np.longdouble(1), [1j], int])
def test_values_that_no_file_can_have(value: object) -> None:
    """They are named with their type: by key in `set`, and wherever they are in a mapping."""
    kind = r"found a value of type \w+; must be a number, a string, a list or a mapping"
    with pytest.raises(ConfigError, match=rf"^set\['model.dnn.units'\]: model.dnn.units(\[0\])?: {kind}"):
        pairlens.load_config(MINIMAL, set={"model.dnn.units": value})
    with pytest.raises(ConfigError, match=rf"^config: model.dnn.units(\[0\])?: {kind}"):
        pairlens.load_config({**MINIMAL, "model": {"embedding": {"input_dim": 9}, "dnn": {"units": value}}})


@pytest.mark.parametrize("key", ["", "training..epochs", 3, None])
def test_wrong_keys(key: Any) -> None:
    with pytest.raises(ConfigError, match="must be the dotted name of a key"):
        pairlens.load_config(MINIMAL, set={key: 3})


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


def test_pairs_of_lists(prefix: Path) -> None:
    """As those of files; also from arrays, columns, and texts that are encoded already."""
    read, ids = pairlens.load_pairs(prefix), ([[1, 2], [3]], [[4], [5, 6]])
    for given in (ids, [pa.chunked_array([side]) for side in ids], (read.query, tuple(ids[1]))):
        for label in ([0, 1], [False, True], np.array([0.0, 1.0]), pa.array([0, 1])):
            pairs = pairlens.make_pairs(*given, label, group=(0, 1))
            assert np.array_equal(pairs.query.ids, read.query.ids)
            assert np.array_equal(pairs.value.offsets, read.value.offsets)
            assert (pairs.label.dtype, pairs.group.dtype) == (np.float32, np.int64)  # type: ignore[union-attr]
            assert (pairs.label.tolist(), pairs.group.tolist()) == ([0, 1], [0, 1])  # type: ignore[union-attr]
    assert pairlens.make_pairs(*ids, [[0.5, 0.5], [1, 0]]).label.shape == (2, 2)  # type: ignore[union-attr]
    assert len(pairlens.make_pairs([], [], [], [])) == 0


@pytest.mark.parametrize(
    ("label", "fault"),
    [
        (3, "found a value of type int; must be numbers, one for each pair"),
        (["no", "yes"], "found a value of type str; must be numbers"),
        ([1, None], "found a value of type NoneType; must be numbers"),
        ([[1], [0, 1]], "found a value of type list; must be numbers"),
        ([1, 0, 1], "found 3 for 2 pairs"),
        ([], "found 0 for 2 pairs"),
    ],
)
def test_wrong_labels_and_groups(label: Any, fault: str) -> None:
    ids = [[1], [2]]
    with pytest.raises(DataError, match=f"^label: {fault}"):
        pairlens.make_pairs(ids, ids, label)
    with pytest.raises(DataError, match=f"^group: {fault.replace('numbers', 'integers')}"):
        pairlens.make_pairs(ids, ids, group=label)
    for wrong, message in (
        ("ab", "not a sequence of ids"),
        (None, "found a value of type NoneType"),
        (ids[:1], "1 quer"),
    ):
        with pytest.raises(DataError, match=message):
            pairlens.make_pairs(wrong, ids)


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
