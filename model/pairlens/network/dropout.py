"""Dropout that gives the same numbers when training is resumed."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

_CHANCES = 2**16


class Dropout:
    """Dropout whose random numbers depend on (seed, step) only, so that a resumed training ends with the same bits.

    The values that are not dropped are scaled to preserve the mean. The rate is rounded to a multiple of 1/65,536.
    """

    def __init__(self, seed: int, step: tf.Tensor) -> None:
        self._seed = tf.stack([tf.constant(seed, tf.int64), tf.cast(step, tf.int64) * 256])

    def __call__(self, x: tf.Tensor, rate: float) -> tf.Tensor:
        if rate == 0.0:
            return x
        self._seed += [0, 1]
        size, dropped = tf.size(x), min(round(rate * _CHANCES), _CHANCES - 1)
        # Draws half as many random bits as TensorFlow's dropout; drawing takes most of the time.
        drawn = tf.random.stateless_uniform([(size + 1) // 2], self._seed, None, None, tf.uint32)
        chances = tf.reshape(tf.reshape(tf.bitcast(drawn, tf.uint16), [-1])[:size], tf.shape(x))
        return tf.where(chances >= tf.constant(dropped, tf.uint16), x / (1.0 - rate), 0.0)


Drop = Callable[[tf.Tensor, float], tf.Tensor]


def keep(x: tf.Tensor, rate: float) -> tf.Tensor:  # noqa: ARG001
    """No dropout."""
    return x
