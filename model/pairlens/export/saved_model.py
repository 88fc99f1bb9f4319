"""A TensorFlow SavedModel with the signatures `serving_default`, for padded ids, and `ragged`."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pairlens.config.schema import Config
from pairlens.export.graph import ScoreGraph


def write_saved_model(folder: Path, config: Config, weights: Mapping[str, NDArray[np.float32]]) -> None:
    """Write the model into a folder. Raises OSError if the disk is full."""
    graph = ScoreGraph(config, weights)
    try:
        tf.saved_model.save(graph, str(folder), signatures={"serving_default": graph.padded, "ragged": graph.ragged})
    except tf.errors.ResourceExhaustedError as error:  # memory, or the disk
        full = os.strerror(errno.ENOSPC)
        if full not in str(error):
            raise
        raise OSError(errno.ENOSPC, full) from error
