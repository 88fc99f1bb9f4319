"""Dropout drops the configured fraction, depends on (seed, step) only, and does nothing outside of training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from models import Floats, Weights, make_config, network_with

from pairlens.config.schema import Config
from pairlens.network.dropout import Dropout
from pairlens.scoring.scorer import Scorer

MANY = 4096  # a power of two: sums of 1 / MANY are exact
ONES: Floats = np.ones((1, MANY), np.float32)

# Networks whose score is the mean of MANY numbers that are 1 before dropout, by the config key.
LINEAR: dict[str, Any] = {"task": "regression", "conv": [], "dnn": {"units": []}, "features": ["encoding"]}
MEANS: dict[str, tuple[dict[str, Any], Weights]] = {
    # A query of one token whose embedding is all ones.
    "embedding.dropout": (
        {**LINEAR, "embedding": {"output_dim": MANY, "dropout": 0.25}},
        {"embedding/embeddings": ONES.repeat(2, 0)},
    ),
    # The same, dropped before the DNN, which only has a head.
    "dnn.dropout of the input": (
        {**LINEAR, "embedding": {"output_dim": MANY}, "dnn": {"units": [], "dropout": 0.25}},
        {"embedding/embeddings": ONES.repeat(2, 0)},
    ),
    # A hidden layer that is all ones, whatever its input.
    "dnn.dropout of a layer": (
        {**LINEAR, "embedding": {"output_dim": 1}, "dnn": {"units": [MANY], "activation": "linear", "dropout": 0.25}},
        {"embedding/embeddings": ONES[:, :1].repeat(2, 0), "dnn/0/kernel": 0 * ONES, "dnn/0/bias": ONES[0]},
    ),
    # A query of zeros attends evenly, 1 / MANY each, to MANY values of 1.
    "attention.dropout": (
        {**LINEAR, "embedding": {"output_dim": 1}, "features": ["attention"], "attention": {"dropout": 0.25}},
        {"embedding/embeddings": np.array([[0.0], [1.0]], np.float32)},
    ),
}
QUERY, VALUE = np.array([[0]], np.int32), np.ones((1, MANY), np.int32)


def mean_of(name: str) -> tuple[Config, Weights]:
    keys, weights = MEANS[name]
    config = make_config(**{**keys, "embedding": {**keys["embedding"], "input_dim": 2}})
    inputs = config.model.dnn.units[-1] if config.model.dnn.units else config.model.embedding.output_dim
    head = {"head/kernel": np.full((inputs, 1), 1 / inputs, np.float32), "head/bias": np.zeros(1, np.float32)}
    return config, weights | head


@pytest.mark.parametrize("name", MEANS)
def test_each_rate_drops_its_fraction_in_training_only(name: str) -> None:
    config, weights = mean_of(name)
    network = network_with(config, weights)

    def score(dropout: Dropout | None = None) -> float:
        return float(network(QUERY, np.array([1]), VALUE, np.array([MANY]), dropout=dropout)[0][0])

    # Of MANY ones, about 1 - 0.25 are kept (standard deviation 0.007), which are divided by 1 - 0.25.
    kept = score(Dropout(seed=1, step=tf.constant(0))) * 0.75
    assert kept == pytest.approx(0.75, abs=0.03)
    assert kept != pytest.approx(0.75, abs=1e-6)
    assert score() == pytest.approx(1.0, abs=1e-6)
    assert Scorer(config, weights).score(QUERY, VALUE)[0] == pytest.approx(1.0, abs=1e-6)


def test_the_remaining_values_are_scaled() -> None:
    # 0 or 1 / (1 - 0.2) = 1.25
    dropped = Dropout(seed=1, step=tf.constant(0))(tf.ones([100, 100]), 0.2)
    np.testing.assert_array_equal(np.unique(dropped), np.float32([0.0, 1.25]))
    assert np.mean(dropped == 0.0) == pytest.approx(0.2, abs=0.02)


def test_a_rate_of_zero_keeps_all() -> None:
    x = tf.random.stateless_normal([7, 11], [1, 2])
    np.testing.assert_array_equal(Dropout(seed=1, step=tf.constant(0))(x, 0.0), x)


def test_dropped_values_depend_on_seed_step_and_call() -> None:
    def twice(seed: int, step: int) -> tuple[Floats, Floats]:
        drop = Dropout(seed, tf.constant(step, tf.int64))
        return drop(tf.ones([50]), 0.5).numpy(), drop(tf.ones([50]), 0.5).numpy()

    first, second = twice(seed=1, step=5)
    np.testing.assert_array_equal(twice(seed=1, step=5), (first, second))
    for other in (second, *twice(seed=1, step=6), *twice(seed=2, step=5)):
        assert (other != first).any()
