"""Scores computed in slices equal the layer's formula, and so do their gradients, for any slices."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from pairlens.network import concat_scores as module
from pairlens.network.concat_scores import concat_scores


def whole(query: tf.Tensor, key: tf.Tensor, scale: tf.Tensor, weight: tf.Tensor) -> tf.Tensor:
    """`tf_keras.layers.Attention._calculate_scores`, by way of an array [B, Tq, Tv, F]."""
    return weight * tf.reduce_sum(tf.tanh(scale * (query[:, :, tf.newaxis] + key[:, tf.newaxis])), axis=-1)


def assert_same(in_slices: Callable[..., tf.Tensor], B: int, Tq: int, Tv: int, F: int) -> None:
    """Values and gradients, in float64."""
    random = np.random.default_rng(0)
    inputs = [tf.constant(random.normal(size=shape)) for shape in ([B, Tq, F], [B, Tv, F], [], [])]
    upstream = tf.constant(random.normal(size=[B, Tq, Tv]))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(inputs)
        actual, expected = in_slices(*inputs), whole(*inputs)
    np.testing.assert_allclose(actual, expected, rtol=1e-10, atol=1e-10)
    gradients = tape.gradient(actual, inputs, upstream), tape.gradient(expected, inputs, upstream)
    for by_slices, at_once in zip(*gradients, strict=True):
        np.testing.assert_allclose(by_slices, at_once, rtol=1e-10, atol=1e-10)


@settings(max_examples=50)
@given(
    B=st.sampled_from([1, 3]),
    Tq=st.sampled_from([1, 2, 7, 11]),
    Tv=st.sampled_from([1, 5, 13]),
    F=st.sampled_from([1, 17]),
    rows=st.integers(1, 12),
)
def test_value_and_gradient_in_slices_of_any_rows(B: int, Tq: int, Tv: int, F: int, rows: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_SLICE_FLOATS", rows * B * Tv * F)
        assert_same(concat_scores, B, Tq, Tv, F)


def test_the_same_in_a_graph_as_training_runs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SLICE_FLOATS", 4 * 3 * 5 * 17)  # 11 rows as 4 + 4 + 3
    assert_same(tf.function(concat_scores), B=3, Tq=11, Tv=5, F=17)


def test_a_slice_is_at_least_one_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SLICE_FLOATS", 1)
    query, key = tf.ones([2, 3, 5]), tf.zeros([2, 7, 5])
    # 2 * 5 * tanh(0.5 * (1 + 0)) = 10 * 0.46211715726
    actual = concat_scores(query, key, tf.constant(0.5), tf.constant(2.0))
    np.testing.assert_allclose(actual, np.full((2, 3, 7), 4.6211715726), rtol=1e-6)
