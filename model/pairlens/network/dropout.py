"""Dropout for training that can stop at any step and go on."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

_CHANCES = 2**16


class Dropout:
    """Dropout whose every number follows from (seed, step): training can stop and go on without a trace.

    What is kept is scaled, so that the mean stays. The rate is taken in steps of 1/65,536.
    """

    def __init__(self, seed: int, step: tf.Tensor) -> None:
        self._seed = tf.stack([tf.constant(seed, tf.int64), tf.cast(step, tf.int64) * 256])

    def __call__(self, x: tf.Tensor, rate: float) -> tf.Tensor:
        if rate == 0.0:
            return x
        self._seed += [0, 1]
        size, dropped = tf.size(x), min(round(rate * _CHANCES), _CHANCES - 1)
        # Half of what TensorFlow's own dropout draws; drawing is most of its work.
        drawn = tf.random.stateless_uniform([(size + 1) // 2], self._seed, None, None, tf.uint32)
        chances = tf.reshape(tf.reshape(tf.bitcast(drawn, tf.uint16), [-1])[:size], tf.shape(x))
        return tf.where(chances >= tf.constant(dropped, tf.uint16), x / (1.0 - rate), 0.0)


Drop = Callable[[tf.Tensor, float], tf.Tensor]


def keep(x: tf.Tensor, rate: float) -> tf.Tensor:  # noqa: ARG001
    """No dropout."""
    return x
