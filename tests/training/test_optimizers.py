"""Adam in one pass equals Keras's; its lazy variant leaves rows without a gradient unchanged."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
import tf_keras
from numpy.typing import NDArray

from pairlens.config.keras import Adam
from pairlens.training.optimizers import make_optimizer, rows_once

Floats = NDArray[np.float32]
STEPS = 3


def gradients() -> list[Floats]:
    return [np.random.default_rng(step).normal(size=(5, 2)).astype(np.float32) for step in range(STEPS)]


def apply(optimizer: tf_keras.optimizers.Optimizer, steps: list[tf.Tensor | tf.IndexedSlices]) -> Floats:
    """The variable, initially ones, after these gradients."""
    variable = tf.Variable(tf.ones([5, 2]))
    optimizer.build([variable])
    for gradient in steps:
        optimizer.apply_gradients([(gradient, variable)])
    return variable.numpy()


def test_adam_moves_a_variable_as_keras_does() -> None:
    dense = [tf.constant(gradient) for gradient in gradients()]
    expected = apply(tf_keras.optimizers.Adam(0.01), dense)
    np.testing.assert_allclose(apply(make_optimizer(Adam(learning_rate=0.01)), dense), expected, rtol=1e-6)


def test_rows_in_every_batch_move_as_in_plain_adam() -> None:
    dense = [tf.constant(gradient) for gradient in gradients()]
    rows = [tf.IndexedSlices(gradient, tf.range(5)) for gradient in dense]
    expected = apply(tf_keras.optimizers.Adam(0.01), dense)
    np.testing.assert_allclose(apply(make_optimizer(Adam(learning_rate=0.01, lazy=True)), rows), expected, rtol=1e-6)


def test_a_row_without_a_gradient_does_not_move() -> None:
    # Row 1 has a gradient in the first step only. By hand: m = 0.1 g and v = 0.001 g², corrected m / sqrt(v) = sign(g),
    # so it moves by the learning rate once. Keras's Adam would move it in each step.
    slices = [tf.IndexedSlices(tf.constant([[4.0, -4.0]]), [1])] + [tf.IndexedSlices(tf.ones([1, 2]), [3])] * 2
    moved = apply(make_optimizer(Adam(learning_rate=0.01, lazy=True)), slices)
    np.testing.assert_allclose(moved[1], [0.99, 1.01], rtol=1e-5)
    np.testing.assert_array_equal(moved[[0, 2, 4]], 1.0)
    assert (apply(tf_keras.optimizers.Adam(0.01), slices)[1] != moved[1]).all()


def test_entries_of_the_same_row_are_added_up() -> None:
    once = rows_once(tf.IndexedSlices(tf.constant([[1.0], [2.0], [4.0]]), [7, 3, 7]))
    assert dict(zip(once.indices.numpy().tolist(), once.values.numpy().tolist(), strict=True)) == {7: [5.0], 3: [2.0]}


def test_lazy_is_refused_with_options_that_move_every_row() -> None:
    with pytest.raises(ValueError, match="weight_decay"):
        Adam(weight_decay=0.1, lazy=True)
