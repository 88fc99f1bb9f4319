"""The weights by name in a safetensors file, and the network that they belong to as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pairlens.config.schema import Config
from pairlens.config.weights import ORIGINS


def write_safetensors(folder: Path, config: Config, weights: Mapping[str, NDArray[np.float32]]) -> None:
    from safetensors.numpy import save

    content = save({name: np.ascontiguousarray(array) for name, array in weights.items()})
    (folder / "model.safetensors").write_bytes(content)
    described = {"task": config.task, "model": config.model.model_dump(mode="json", exclude=ORIGINS)}
    (folder / "config.json").write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8", newline="\n")
