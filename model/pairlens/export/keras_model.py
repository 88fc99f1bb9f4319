"""A model in plain tf-keras layers: `network.py` builds it, and `model.keras` has it with its weights."""

from __future__ import annotations

import runpy
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import tf_keras
from numpy.typing import NDArray

from pairlens.config.schema import Config
from pairlens.export.keras_source import source_of

_WITH_WEIGHTS = tuple(getattr(tf_keras.layers, name) for name in ("Embedding", "Conv1D", "Attention", "Dense"))


def write_keras(folder: Path, config: Config, weights: Mapping[str, NDArray[np.float32]]) -> None:
    """Write both files into a folder. Running the first one makes the model, so that it is what a reader pastes."""
    source = folder / "network.py"
    source.write_text(source_of(config), encoding="utf-8", newline="\n")
    model: tf_keras.Model = runpy.run_path(str(source))["model"]
    layers = [layer for layer in model.submodules if isinstance(layer, _WITH_WEIGHTS)]
    for layer in layers:
        for variable in layer.weights:
            # Keras names a variable path/name:0.
            variable.assign(weights[f"{_stack(layer.name)}/{variable.name.split('/')[-1].removesuffix(':0')}"])
    model.save(folder / "model.keras")


def _stack(layer: str) -> str:
    """The name of a layer in weights.npz: conv/0 for conv_0."""
    stack, _, number = layer.rpartition("_")
    return f"{stack}/{number}" if number.isdecimal() else layer
