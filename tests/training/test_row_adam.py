"""Adam row by row equals Keras's Adam, for any rows in a batch and whenever the other rows are requested."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
import tf_keras
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pairlens.config.keras import Adam
from pairlens.training.row_adam import RowAdam

Floats = NDArray[np.float32]
WORDS, DIM = 6, 19


def start(adam: Adam) -> RowAdam:
    weights = np.random.default_rng(0).normal(size=(WORDS, DIM)).astype(np.float32)
    return RowAdam(adam, weights, np.zeros_like(weights), np.zeros_like(weights), np.zeros(WORDS, np.int64), 0)


def gradients(words: list[NDArray[np.int64]], seed: int = 1) -> list[Floats]:
    random = np.random.default_rng(seed)
    return [random.normal(size=(len(some), DIM)).astype(np.float32) for some in words]


def by_keras(words: list[NDArray[np.int64]], rates: list[float], beta_1: float) -> Floats:
    variable = tf.Variable(start(Adam()).weights)
    optimizer = tf_keras.optimizers.Adam(beta_1=beta_1)
    optimizer.build([variable])
    for some, gradient, rate in zip(words, gradients(words), rates, strict=True):
        dense = np.zeros((WORDS, DIM), np.float32)
        dense[some] = gradient
        optimizer.learning_rate.assign(rate)
        optimizer.apply_gradients([(tf.constant(dense), variable)])
    return variable.numpy()


def move(adam: RowAdam, words: list[NDArray[np.int64]], rates: list[float]) -> None:
    for some, gradient, rate in zip(words, gradients(words), rates, strict=True):
        adam.rows(some)
        adam.move(some, gradient, rate)


batches = st.lists(
    st.lists(st.integers(0, WORDS - 1), min_size=1, unique=True).map(np.array),
    min_size=1,
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(batches, st.sampled_from([0.0, 0.5, 0.9]), st.integers(0, 40))
def test_equals_keras(words: list[NDArray[np.int64]], beta_1: float, rest: int) -> None:
    words = [*words, *[np.array([0])] * rest]  # steps in which no other row has a gradient
    rates = [0.1 / (1 + step) for step in range(len(words))]
    adam = start(Adam(beta_1=beta_1))
    move(adam, words, rates)
    np.testing.assert_allclose(adam.all_rows(), by_keras(words, rates, beta_1), rtol=0, atol=1e-5)


def test_after_a_thousand_steps_without_a_gradient() -> None:
    words = [np.arange(WORDS)] * 5 + [np.array([0])] * 1000 + [np.arange(WORDS)]
    rates = [0.01] * len(words)
    adam = start(Adam())
    move(adam, words, rates)
    np.testing.assert_allclose(adam.all_rows(), by_keras(words, rates, 0.9), rtol=0, atol=2e-5)


@given(batches, st.data())
def test_requesting_rows_at_any_time_changes_no_bit(words: list[NDArray[np.int64]], data: st.DataObject) -> None:
    rates = [0.1] * len(words)
    adam, asked = start(Adam()), start(Adam())
    for some, gradient, rate in zip(words, gradients(words), rates, strict=True):
        adam.rows(some)
        adam.move(some, gradient, rate)
        asked.rows(some)
        asked.move(some, gradient, rate)
        if data.draw(st.booleans()):
            asked.all_rows()
    np.testing.assert_array_equal(adam.all_rows(), asked.all_rows())


@given(batches, st.integers(0, 11))
def test_a_saved_state_continues_to_the_same_bits(words: list[NDArray[np.int64]], stop: int) -> None:
    rates = [0.1 / (1 + step) for step in range(len(words))]
    whole, first = start(Adam()), start(Adam())
    for number, (some, gradient, rate) in enumerate(zip(words, gradients(words), rates, strict=True)):
        for adam in (whole, first):
            adam.rows(some)
            adam.move(some, gradient, rate)
        if number == stop:
            first.all_rows()
            saved = (x.copy() for x in (first.weights, first.means, first.squares, first.touched))
            first = RowAdam(Adam(), *saved, number + 1)
    np.testing.assert_array_equal(whole.all_rows(), first.all_rows())


@pytest.mark.parametrize("lazy", [False, True])
def test_a_row_without_a_gradient(lazy: bool) -> None:
    # By hand: m = .1 g and v = .001 g², corrected m / sqrt(v) = sign(g), so in its step a row moves by the rate. In the
    # next, m / (1 - .9²) = .09 g / .19 and v / (1 - .999²) = .000999 g² / .001999: by .4737 / sqrt(.49975) of the rate.
    adam = start(Adam(lazy=lazy))
    before = adam.weights.copy()
    move(adam, [np.array([2]), np.array([3])], [0.01, 0.01])
    sign = np.sign(gradients([np.array([2])])[0][0])
    steps = 1.0 if lazy else 1.0 + (0.09 / 0.19) / np.sqrt(0.000999 / 0.001999)
    np.testing.assert_allclose(adam.all_rows()[2], before[2] - 0.01 * steps * sign, rtol=0, atol=1e-5)
    np.testing.assert_array_equal(adam.all_rows()[[0, 1, 4, 5]], before[[0, 1, 4, 5]])
