"""The first convolution as sums of look-ups, in training as in scoring (see encoder.py).

A batch names few words many times. The product of a word's embedding and each tap of the kernel is made once a batch,
and nothing is made for padding: a quarter of what a convolution over every position multiplies.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
import tf_keras
from numpy.typing import NDArray

from pairlens.config import ConvConfig
from pairlens.native import call

Ints = NDArray[np.int32]
Floats = NDArray[np.float32]


class Words(NamedTuple):
    """Texts as places among their words.

    `embeddings` float32 [words, dim]; `places` int32 [B, T], of each token in them; `length` int32 [B].
    """

    embeddings: tf.Tensor
    places: tf.Tensor
    length: tf.Tensor

    def convolve(self, conv: ConvConfig, layer: tf_keras.layers.Conv1D) -> tf.Tensor:
        """What the built layer makes of each text alone: [B, T, filters], zero after a text."""
        dim, width = layer.kernel.shape[1], conv.kernel_size * conv.filters
        taps = tf.reshape(tf.transpose(layer.kernel, [1, 0, 2]), [dim, width])
        bias = layer.bias if conv.use_bias else tf.zeros([conv.filters])
        shape = np.array([conv.kernel_size, conv.dilation_rate, conv.reach[0]], np.int64)
        least = 0.0 if conv.activation == "relu" else -np.inf
        out = _sum_taps(self.embeddings @ taps, bias, self.places, self.length, shape, np.array([least], np.float32))
        if conv.activation in ("linear", "relu"):
            return out
        inside = tf.sequence_mask(self.length, tf.shape(self.places)[1])
        return tf.where(inside[:, :, tf.newaxis], layer.activation(out), 0.0)


def words_of(ids: tf.Tensor, length: tf.Tensor, embedding: tf_keras.layers.Embedding, mask_zero: bool) -> Words:
    """The texts with ids int32 [B, T]; with `mask_zero` the embedding of id 0 is zero."""
    words, places = tf.unique(tf.reshape(ids, [-1]))
    embeddings = embedding(words)
    if mask_zero:
        embeddings = tf.where(words[:, tf.newaxis] != 0, embeddings, 0.0)
    return Words(embeddings, tf.reshape(places, tf.shape(ids)), length)


def _sum_taps(
    table: tf.Tensor, bias: tf.Tensor, places: tf.Tensor, length: tf.Tensor, shape: NDArray[np.int64], least: Floats
) -> tf.Tensor:
    """The kernel sum_padded of table [words, kernel size * filters] and bias [filters], with its gradient."""
    filters = bias.shape[0]

    def forward(places: Ints, length: Ints, table: Floats, bias: Floats) -> Floats:
        out, nothing = np.empty((*places.shape, filters), np.float32), np.zeros(filters, np.float32)
        rows = table.reshape(-1, filters), bias, nothing, out.reshape(-1, filters)
        call("sum_padded", shape, places, length, least, *rows)
        return out

    def backward(places: Ints, length: Ints, upstream: Floats, out: Floats, table: Floats) -> tuple[Floats, Floats]:
        by_table, by_bias = np.empty_like(table), np.empty(filters, np.float32)
        rows = [x.reshape(-1, filters) for x in (upstream, out, by_table)]
        call("sum_padded_gradient", shape, places, length, least, *rows, by_bias, np.empty(filters, np.float32))
        return by_table, by_bias

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def convolve(table: tf.Tensor, bias: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], list[tf.Tensor]]]:
        out = tf.ensure_shape(_on_arrays(forward, [places, length, table, bias], tf.float32), [None, None, filters])

        def gradient(upstream: tf.Tensor) -> list[tf.Tensor]:
            gradients = _on_arrays(backward, [places, length, upstream, out, table], [tf.float32, tf.float32])
            return [tf.ensure_shape(by, x.shape) for by, x in zip(gradients, (table, bias), strict=True)]

        return out, gradient

    return convolve(table, bias)


def _on_arrays(function: Callable[..., Any], tensors: list[tf.Tensor], types: Any) -> Any:
    """The function of the tensors' arrays, without a copy: in a graph a step of it, else at once."""
    if tf.executing_eagerly():  # where tf.numpy_function copies, in a way that NumPy warns of
        return function(*map(np.asarray, tensors))
    return tf.numpy_function(function, tensors, types, stateful=False)
