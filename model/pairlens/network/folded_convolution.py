"""The first convolution as sums of look-ups, in training as in scoring (see scoring/convolution.py).

A batch contains a few words many times. The product of a word's embedding and each tap of the kernel is computed once
per batch, and never for padding: a quarter of the multiplications of a convolution over every position.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
import tf_keras
from numpy.typing import NDArray

from pairlens.config.model import ConvConfig
from pairlens.kernels import signatures
from pairlens.kernels.loader import call
from pairlens.kernels.threads import each_in, processors

Ints = NDArray[np.int32]
Floats = NDArray[np.float32]
Padded = tuple[tf.Tensor, tf.Tensor]


class Words:
    """The distinct words of some texts, whose products with a convolution's taps are computed once.

    Args:
        ids: the distinct ids [words]. embeddings: float32 [words, dim].
        mask_zero: treat the embedding of id 0 as zero.
        texts: for each side, the indices int32 [B, T] of tokens among the words, and the lengths int32 [B].
    """

    def __init__(self, ids: tf.Tensor, embeddings: tf.Tensor, mask_zero: bool, texts: list[Padded]) -> None:
        self._embeddings = tf.where(ids[:, tf.newaxis] != 0, embeddings, 0.0) if mask_zero else embeddings
        self._texts = texts
        self._convolved: dict[str, list[tf.Tensor]] = {}

    def convolve(self, conv: ConvConfig, layer: tf_keras.layers.Conv1D) -> list[tf.Tensor]:
        """The built layer's output for the texts of each side: [B, T, filters], zero after a text."""
        if layer.name not in self._convolved:
            taps = tf.concat(tf.unstack(layer.kernel), axis=-1)  # [dim, kernel size * filters]
            bias = layer.bias if conv.use_bias else tf.zeros([conv.filters])
            out = _SumTaps(conv)(self._embeddings @ taps, bias, self._texts)
            if conv.activation not in ("linear", "relu"):
                out = [
                    tf.where(tf.sequence_mask(length, tf.shape(indices)[1])[:, :, tf.newaxis], layer.activation(x), 0.0)
                    for x, (indices, length) in zip(out, self._texts, strict=True)
                ]
            self._convolved[layer.name] = out
        return self._convolved[layer.name]


class WordTexts(NamedTuple):
    """The texts of one side of the pairs: 0 for the query, 1 for the value."""

    words: Words
    side: int

    def convolve(self, conv: ConvConfig, layer: tf_keras.layers.Conv1D) -> tf.Tensor:
        """[B, T, filters]; see `Words.convolve`."""
        return self.words.convolve(conv, layer)[self.side]


class _SumTaps:
    """The kernel sum_padded as an operation with a gradient; includes relu if the layer has it."""

    def __init__(self, conv: ConvConfig) -> None:
        self._filters = conv.filters
        self._shape = np.array([conv.kernel_size, conv.dilation_rate, conv.reach[0]], np.int64)
        self._least = np.array([0.0 if conv.activation == "relu" else -np.inf], np.float32)
        self._each = each_in(processors())

    def __call__(self, table: tf.Tensor, bias: tf.Tensor, texts: list[Padded]) -> list[tf.Tensor]:
        """float32 [B, T, filters] for each side, from a table [words, kernel size * filters] and a bias [filters]."""
        flat = [x for text in texts for x in text]

        @tf.custom_gradient  # type: ignore[untyped-decorator]
        def convolve(table: tf.Tensor, bias: tf.Tensor) -> tuple[list[tf.Tensor], Callable[..., list[tf.Tensor]]]:
            out = _on_arrays(self._forward, [table, bias, *flat], [tf.float32] * len(texts))
            out = [tf.ensure_shape(x, [None, None, self._filters]) for x in out]

            def gradient(*upstream: tf.Tensor) -> list[tf.Tensor]:
                gradients = _on_arrays(self._backward, [table, *flat, *out, *upstream], [tf.float32] * 2)
                return [tf.ensure_shape(by, x.shape) for by, x in zip(gradients, (table, bias), strict=True)]

            return out, gradient

        return convolve(table, bias)  # type: ignore[no-any-return]

    def _forward(self, table: Floats, bias: Floats, *flat: Ints) -> list[Floats]:
        out = [_aligned((*indices.shape, self._filters)) for indices in flat[::2]]

        def fill(i: int) -> None:
            call(
                signatures.SUM_PADDED,
                **self._text(*flat[2 * i : 2 * i + 2]),
                table=self._rows(table),
                bias=bias,
                zero_row=np.zeros_like(bias),
                out=self._rows(out[i]),
            )

        list(self._each(fill, range(len(out))))
        return out

    def _backward(self, table: Floats, *arrays: Any) -> tuple[Floats, Floats]:
        texts = len(arrays) // 4
        flat, out, upstream = arrays[: 2 * texts], arrays[2 * texts : 3 * texts], arrays[3 * texts :]
        by_table, by_bias = _aligned(table.shape), np.zeros(self._filters, np.float32)
        by_table[:] = 0.0

        def spread(taps: tuple[int, int]) -> None:
            row = np.empty_like(by_bias)
            for i in range(texts):
                call(
                    signatures.SUM_PADDED_GRADIENT,
                    **self._text(*flat[2 * i : 2 * i + 2]),
                    upstream=self._rows(upstream[i]),
                    out=self._rows(out[i]),
                    table=self._rows(by_table),
                    bias=by_bias,
                    row=row,
                    taps=np.array(taps),
                )

        end = int(self._shape[0])
        middle = (end + 1) // 2  # each thread writes to its own rows of the table
        list(self._each(spread, [(0, middle), (middle, end)] if middle < end else [(0, end)]))
        return by_table, by_bias

    def _text(self, indices: Ints, lengths: Ints) -> dict[str, NDArray[Any]]:
        """The arguments of both kernels for one side's texts."""
        return {"shape": self._shape, "indices": indices, "lengths": lengths, "least": self._least}

    def _rows(self, x: Floats) -> Floats:
        return x.reshape(-1, self._filters)


def _aligned(shape: tuple[int, ...]) -> Floats:
    """An uninitialised array aligned to 64 bytes, which TensorFlow uses without a copy."""
    size = math.prod(shape)
    buffer = np.empty(size + 16, np.float32)
    start = -buffer.ctypes.data % 64 // 4
    return buffer[start : start + size].reshape(shape)


def _on_arrays(function: Callable[..., Any], tensors: list[tf.Tensor], types: Any) -> Any:
    """Call the function with the tensors' arrays, without a copy; in a graph, as an operation of the graph."""
    if tf.executing_eagerly():  # tf.numpy_function would copy, in a way that makes NumPy warn
        return function(*map(np.asarray, tensors))
    return tf.numpy_function(function, tensors, types, stateful=False)
