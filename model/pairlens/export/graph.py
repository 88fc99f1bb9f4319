"""The whole way from ids to scores as one TensorFlow graph, in operations that other programs have, too.

It is the network of network/network.py, and what scoring computes outside of it: the overlap features. There are no
Python functions in it, and so no folded convolution.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import tensorflow as tf
import tf_keras
from numpy.typing import NDArray

from pairlens.config.schema import Config
from pairlens.export.overlap import inside, overlap_features
from pairlens.network.encoder import Side
from pairlens.network.network import Network

Floats = NDArray[np.float32]

_PADDED = {"ids": ([None, None], tf.int32), "length": ([None], tf.int32)}
_RAGGED = {"ids": ([None], tf.int32), "row_splits": ([None], tf.int64)}


class ScoreGraph(tf.Module):  # type: ignore[misc]
    """The scores of a model as functions of TensorFlow, which `tf.saved_model.save` takes.

    Attributes:
        padded: from ids int32 [B, T], padded with any ids, and lengths int32 [B] of both texts, to scores [B], or
            probabilities [B, classes] of a multiclass model.
        ragged: the same from the ids of all texts, int32 [tokens], and where each text begins and ends among them,
            int64 [B + 1], as `tf.RaggedTensor` has them.
    """

    def __init__(self, config: Config, weights: Mapping[str, Floats]) -> None:
        super().__init__(name="pairlens")
        network = _Network(config)
        ids, length = tf.zeros([1, 1], tf.int32), tf.ones([1], tf.int32)
        network.score(ids, length, ids, length)  # creates the variables
        network.assign(weights)
        # Only these are saved: of a Keras model, TensorFlow would save every layer with functions of its own.
        self.weights = network.named_variables()

        def padded(query_ids, query_length, value_ids, value_length):  # type: ignore[no-untyped-def]
            return {"score": network.score(query_ids, query_length, value_ids, value_length)}

        def ragged(query_ids, query_row_splits, value_ids, value_row_splits):  # type: ignore[no-untyped-def]
            query, value = _as_padded(query_ids, query_row_splits), _as_padded(value_ids, value_row_splits)
            return self.padded(*query, *value)

        self.padded = tf.function(padded, input_signature=_signature(_PADDED), autograph=False)
        self.ragged = tf.function(ragged, input_signature=_signature(_RAGGED), autograph=False)


class _Network(Network):
    """The network in operations that exist outside of TensorFlow."""

    def __init__(self, config: Config) -> None:
        super().__init__(config, folds=False)
        for layer in self.submodules:
            if getattr(layer, "activation", None) is tf_keras.activations.gelu:
                layer.activation = _gelu

    def score(self, query: tf.Tensor, query_length: tf.Tensor, value: tf.Tensor, value_length: tf.Tensor) -> tf.Tensor:
        """The scores of padded pairs; for the arguments see `Network.call`."""
        query, value = self._cleaned(query, query_length), self._cleaned(value, value_length)
        overlap = None
        if self.config.overlap:
            overlap = overlap_features(query, query_length, value, value_length, self.encoder.idf)
        score, _ = self.call(query, query_length, value, value_length, overlap)
        return score

    def _cleaned(self, ids: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
        """The ids with padding replaced by 0, and at least one column, which a convolution needs.

        Negative ids, and all ids of a text whose length is impossible, become too large, which is an error everywhere;
        ONNX takes negative ones for ids from the end of the vocabulary.
        """
        T, too_large = tf.shape(ids)[1], self.config.embedding.input_dim
        impossible = (length < 0) | (length > T)
        ids = tf.pad(ids, [[0, 0], [0, tf.cast(T == 0, tf.int32)]])
        ids = tf.where(inside(ids, length), tf.where(ids < 0, too_large, ids), 0)
        return tf.where(impossible[:, tf.newaxis], too_large, ids)

    def raw_scores(self, query: Side, value: Side) -> tf.Tensor:
        """As in training, but `concat` without its loop over slices."""
        attention, layer = self.config.attention, self.attention_layer
        if attention.score_mode == "dot":
            return super().raw_scores(query, value)
        summed = query.encoding[:, :, tf.newaxis] + value.key[:, tf.newaxis]  # [B, Tq, Tv, F]
        scaled = summed * layer.scale if attention.use_scale else summed
        return layer.concat_score_weight * tf.reduce_sum(tf.tanh(scaled), axis=-1) / attention.temperature


def _gelu(x: tf.Tensor) -> tf.Tensor:
    """Keras's is computed with erfc, which ONNX does not have."""
    return 0.5 * x * (1.0 + tf.math.erf(x / math.sqrt(2.0)))


def _signature(inputs: Mapping[str, tuple[list[None], tf.DType]]) -> list[tf.TensorSpec]:
    return [
        tf.TensorSpec(shape, dtype, f"{side}_{name}")
        for side in ("query", "value")
        for name, (shape, dtype) in inputs.items()
    ]


def _as_padded(ids: tf.Tensor, row_splits: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Ids [B, T] and lengths [B] of ragged texts; what follows a text in its row is padding."""
    starts = row_splits[:-1]
    length = row_splits[1:] - starts
    T = tf.reduce_max(tf.concat([length, [0]], axis=0))  # of no texts, too
    positions = starts[:, tf.newaxis] + tf.range(T)[tf.newaxis]
    ids = tf.concat([ids, [-1]], axis=0)  # for what is beyond them: padding, or an error within a text
    return tf.gather(ids, tf.minimum(positions, tf.size(ids, tf.int64) - 1)), tf.cast(length, tf.int32)
