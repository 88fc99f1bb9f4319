"""A TensorFlow SavedModel with the signatures `serving_default`, for padded ids, and `ragged`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pairlens.config.schema import Config
from pairlens.export.graph import ScoreGraph


def write_saved_model(folder: Path, config: Config, weights: Mapping[str, NDArray[np.float32]]) -> None:
    graph = ScoreGraph(config, weights)
    tf.saved_model.save(graph, str(folder), signatures={"serving_default": graph.padded, "ragged": graph.ragged})
