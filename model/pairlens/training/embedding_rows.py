"""The embedding when row_adam.py updates it: TensorFlow only sees the rows of a batch's words."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pairlens.config.keras import Adam
from pairlens.config.schema import Config
from pairlens.network.encoder import Rows
from pairlens.texts.texts import index_occurring_ids
from pairlens.training.batches import Batch
from pairlens.training.row_adam import RowAdam


def adam_by_rows(config: Config) -> Adam | None:
    """The config's Adam if row_adam.py can do its updates: plain or lazy Adam, and one batch per step; else None."""
    adam, training = config.training.optimizer, config.training
    if not isinstance(adam, Adam) or training.accumulate > 1 or not config.model.embedding.trainable:
        return None
    clips = (adam.clipnorm, adam.clipvalue, adam.global_clipnorm) != (None, None, None)
    return None if clips or adam.weight_decay or adam.amsgrad or adam.adaptive_epsilon else adam


class EmbeddingRows:
    """The rows of an embedding in training. After `start`, the variables are only current right after `collect`.

    Args:
        embeddings, means, squares: the embedding and Adam's moments of it, [input_dim, output_dim].

    Attributes:
        touched: the step of each row's last gradient, int64 [input_dim]; 0 if it had none.
    """

    def __init__(self, adam: Adam, embeddings: tf.Variable, means: tf.Variable, squares: tf.Variable) -> None:
        self.touched = tf.Variable(tf.zeros(embeddings.shape[:1], tf.int64))
        self._config = adam
        self._variables = embeddings, means, squares, self.touched
        self._adam: RowAdam | None = None

    def start(self, step: int) -> None:
        """Start from the current values of the variables, after `step` steps."""
        weights, means, squares, touched = (variable.numpy().copy() for variable in self._variables)
        self._adam = RowAdam(self._config, weights, means, squares, touched, step)

    def of_batch(self, batch: Batch) -> Rows:
        """The distinct words of a batch, in the order of their ids, with their current rows."""
        assert self._adam is not None
        occurs, indices = index_occurring_ids(len(self._adam.weights), batch.query, batch.value)
        ids = np.flatnonzero(occurs)
        return Rows(ids, self._adam.rows(ids), indices[batch.query], indices[batch.value])

    def move(self, rows: Rows, gradient: NDArray[np.float32], learning_rate: float) -> None:
        """Do the next step, with a gradient float32 [words, output_dim] of the rows that `of_batch` last returned."""
        assert self._adam is not None
        self._adam.move(rows.ids, gradient, learning_rate)

    def collect(self) -> None:
        """Bring the variables up to date."""
        if self._adam is None:
            return
        arrays = self._adam.all_rows(), self._adam.means, self._adam.squares, self._adam.touched
        for variable, array in zip(self._variables, arrays, strict=True):
            variable.assign(array)
