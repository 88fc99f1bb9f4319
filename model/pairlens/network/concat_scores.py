"""The Keras layer's `score_mode="concat"` for training, in slices of bounded memory.

The layer computes `weight * sum over f of tanh(scale * (query + key))` by way of an array [B, Tq, Tv, F]. Here only one
slice of that array, for some query positions, is in memory at a time; the backward pass computes the slices again. This
must run in a tf.function: an eager gradient tape keeps every slice.
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

_SLICE_FLOATS = 1 << 24  # 64 MiB for a slice of [B, rows, Tv, F]


@tf.custom_gradient  # type: ignore[untyped-decorator]
def concat_scores(
    query: tf.Tensor, key: tf.Tensor, scale: tf.Tensor, weight: tf.Tensor
) -> tuple[tf.Tensor, Callable[..., object]]:
    """Attention scores [B, Tq, Tv] before mask and softmax.

    Args:
        query: [B, Tq, F]. key: [B, Tv, F]. scale, weight: scalars, `scale` and `concat_score_weight` of the layer.
    Source: tf_keras.layers.Attention, `_calculate_scores`.
    """
    B, Tq, F = tf.unstack(tf.shape(query))
    Tv = tf.shape(key)[1]
    rows = tf.clip_by_value(_SLICE_FLOATS // tf.maximum(B * Tv * F, 1), 1, tf.maximum(Tq, 1))
    slices = (Tq + rows - 1) // rows

    def tanh_of(index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """query + key of one slice, and the tanh of it scaled: both [B, rows, Tv, F]."""
        summed = query[:, index * rows : (index + 1) * rows, tf.newaxis] + key[:, tf.newaxis]
        return summed, tf.tanh(scale * summed)

    def score_slice(index: tf.Tensor, done: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
        scores = tf.reduce_sum(tanh_of(index)[1], axis=-1)  # [B, rows, Tv]
        return index + 1, done.write(index, tf.transpose(scores, [1, 0, 2]))

    done = tf.TensorArray(query.dtype, size=slices, infer_shape=False, element_shape=[None, None, None])
    _, done = tf.while_loop(lambda i, _: i < slices, score_slice, [0, done], parallel_iterations=1)
    unweighted = tf.transpose(tf.reshape(done.concat(), [Tq, B, Tv]), [1, 0, 2])

    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
        def gradient_slice(index, by_query, by_key, by_scale):  # type: ignore[no-untyped-def]
            summed, tanh = tanh_of(index)
            inner = upstream[:, index * rows : (index + 1) * rows, :, tf.newaxis] * weight * (1.0 - tanh * tanh)
            by_query = by_query.write(index, tf.transpose(tf.reduce_sum(inner, axis=2), [1, 0, 2]))
            return index + 1, by_query, by_key + tf.reduce_sum(inner, axis=1), by_scale + tf.reduce_sum(inner * summed)

        by_query = tf.TensorArray(query.dtype, size=slices, infer_shape=False, element_shape=[None, None, None])
        _, by_query, by_key, by_scale = tf.while_loop(
            lambda i, *_: i < slices,
            gradient_slice,
            [0, by_query, tf.zeros_like(key), tf.zeros_like(scale)],
            parallel_iterations=1,
        )
        by_query = tf.transpose(tf.reshape(by_query.concat(), [Tq, B, F]), [1, 0, 2])
        return scale * by_query, scale * by_key, by_scale, tf.reduce_sum(upstream * unweighted)

    return weight * unweighted, gradient
