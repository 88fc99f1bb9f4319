"""Configs as text for tests, and the faults found when loading one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest

from pairlens.config import keras
from pairlens.config.file import load_config
from pairlens.config.types import Section
from pairlens.errors import ConfigError

DOCUMENTED = Path(__file__).parents[1] / "configs" / "documented.yaml"
MINIMAL = """\
data:
  train: train
model:
  embedding: {input_dim: 50}
"""

Write = Callable[[str], Path]


def faults_of(path: Path, *overrides: str) -> list[str]:
    """Every fault, without the folder of the config."""
    with pytest.raises(ConfigError) as caught:
        load_config(path, overrides)
    assert str(caught.value).splitlines() == caught.value.faults, "a fault is one line"
    return [fault.replace(f"{path.parent}/", "") for fault in caught.value.faults]


def optimizers() -> list[type[Section]]:
    return list(get_args(get_args(keras.Optimizer)[0]))
