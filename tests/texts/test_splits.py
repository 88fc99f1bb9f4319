"""Reading what a config's data section names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pairlens.config.schema import Config
from pairlens.errors import DataError, UsageError
from pairlens.texts.splits import find_split, read_split, text_rules
from pairlens.texts.token_faults import TextRules


def make_config(folder: Path, **changes: Any) -> Config:
    embedding = {"input_dim": 5, "output_dim": 3, **changes.pop("embedding", {})}
    return Config.model_validate({"data": {"train": folder / "train", **changes}, "model": {"embedding": embedding}})


def test_rules_of_a_config(tmp_path: Path) -> None:
    assert text_rules(make_config(tmp_path)) == TextRules(5, None, truncate=False, allow_empty=False)
    loose = make_config(tmp_path, max_length=7, too_long="truncate", empty="score")
    assert text_rules(loose) == TextRules(5, 7, truncate=True, allow_empty=True)


def test_a_split_with_labels(tmp_path: Path) -> None:
    for side, text in (("query", "1 2\n3\n"), ("value", "4\n0 0\n"), ("label", "1\n0\n")):
        (tmp_path / f"train.{side}.txt").write_text(text)
    pairs = read_split(make_config(tmp_path), "train")
    assert [query.tolist() for query in pairs.query] == [[1, 2], [3]]
    assert [value.tolist() for value in pairs.value] == [[4], [0, 0]]
    assert pairs.label is not None
    assert pairs.label.tolist() == [1.0, 0.0]


def test_a_split_that_the_config_does_not_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"the config does not set data\.test"):
        find_split(make_config(tmp_path), "test")


def test_a_split_without_labels(tmp_path: Path) -> None:
    for side in ("query", "value"):
        (tmp_path / f"train.{side}.txt").write_text("1\n")
    with pytest.raises(DataError, match=r"train\.label\.txt: no such file"):
        find_split(make_config(tmp_path), "train")
