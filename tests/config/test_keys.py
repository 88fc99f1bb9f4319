"""The keys that a config has, and the values that are offered for them, are those of the schema."""

from __future__ import annotations

from pathlib import Path

import pytest

from pairlens.config.file import load_config
from pairlens.config.keys import config_keys
from pairlens.errors import ConfigError


def test_names_booleans_null_and_examples() -> None:
    keys = config_keys()
    assert keys["task"] == ["binary", "regression", "multiclass", "ranking"]
    assert keys["model.wide"] == ["true", "false"]
    assert keys["training.negatives"] == ["null"]
    assert keys["training.epochs"] == ["10"]
    assert keys["model.dnn.units"] == ["[64]"]
    assert keys["training.optimizer.name"][:2] == ["adam", "adamw"]
    assert keys["training.optimizer.learning_rate"] == ["0.001", "0.01", "0.0001"]  # of adam, sgd and lion
    assert keys["model.embedding.input_dim"] == []


@pytest.mark.parametrize("key", [key for key, values in config_keys().items() if values])
def test_the_config_knows_every_key_and_value(tmp_path: Path, key: str) -> None:
    """What it refuses contradicts its other values, or belongs to another optimizer or initializer."""
    (tmp_path / "c.yaml").write_text("data: {train: train}\nmodel: {embedding: {input_dim: 9}}\n")
    faults: list[str] = []
    for value in config_keys()[key]:
        try:
            load_config(tmp_path / "c.yaml", [f"{key}={value}"])
        except ConfigError as error:
            faults += error.faults
    named = f"{key.rpartition('.')[0]}.name" in config_keys()
    assert named or not [fault for fault in faults if "unknown key" in fault]
