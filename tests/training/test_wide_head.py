"""The regression that a wide head starts from."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from pairlens.config.schema import Config
from pairlens.network.network import build_network
from pairlens.scoring.scorer import Scorer
from pairlens.texts.overlap import overlap_features
from pairlens.texts.pairs import Pairs
from pairlens.texts.texts import Texts
from pairlens.training.start import start_from_data
from pairlens.training.wide_head import regression

Floats = NDArray[np.float64]
RIDGE = 1e-2


def drawn(classes: int) -> tuple[Floats, Floats, Floats]:
    """Standardised features [n, 3], targets [n, classes] and weights [n]."""
    random = np.random.default_rng(classes)
    features = random.normal(size=(200, 3))
    logits = features @ random.normal(size=(3, classes)) + random.normal(size=classes) + random.normal(size=(200, 1))
    target = (logits > 0).astype(float) if classes == 1 else np.eye(classes)[logits.argmax(axis=1)]
    return features, target, random.uniform(0.5, 2.0, 200)


def test_linear_regression_by_hand() -> None:
    # y = 3 at x = -1 and y = 7 at x = 1: without a ridge, slope 2 and bias 5. The mean square of x is 1, so a ridge of
    # 0.01 shrinks the slope to 2 / 1.01.
    kernel, bias = regression(np.array([[-1.0], [1.0]]), np.array([[3.0], [7.0]]), np.ones(2), linear=True)
    assert kernel[0, 0] == pytest.approx(2 / 1.01)
    assert bias[0] == pytest.approx(5.0)


def test_a_weight_of_two_counts_a_pair_twice() -> None:
    features, target, _ = drawn(1)
    weight = np.where(np.arange(len(features)) < 50, 2.0, 1.0)
    twice = np.concatenate([np.arange(50), np.arange(len(features))])
    for one, other in zip(
        regression(features, target, weight, linear=False),
        regression(features[twice], target[twice], np.ones(len(twice)), linear=False),
        strict=True,
    ):
        np.testing.assert_allclose(one, other, atol=1e-9)


@pytest.mark.parametrize("classes", [1, 3])
def test_the_gradient_of_the_penalised_loss_is_zero_at_the_solution(classes: int) -> None:
    features, target, weight = drawn(classes)
    kernel, bias = regression(features, target, weight, linear=False)
    logits = features @ kernel + bias
    exponentials = np.exp(logits)
    predicted = exponentials / (1 + exponentials if classes == 1 else exponentials.sum(axis=1, keepdims=True))
    error = (predicted - target) * (weight / weight.sum())[:, np.newaxis]
    np.testing.assert_allclose(features.T @ error + RIDGE * kernel, 0, atol=1e-4)
    np.testing.assert_allclose(error.sum(axis=0), 0, atol=1e-4)


@pytest.mark.parametrize("task", ["binary", "regression", "multiclass", "ranking"])
def test_a_wide_network_starts_as_the_regression(task: str) -> None:
    random = np.random.default_rng(1)
    sides = [Texts.from_lists([random.integers(1, 9, random.integers(2, 7)) for _ in range(60)]) for _ in range(2)]
    label = np.arange(60) % (3 if task == "multiclass" else 2)
    pairs = Pairs(*sides, label.astype(np.float32), np.arange(60) // 4)
    classes = {"classes": 3} if task == "multiclass" else {}
    model = {"embedding": {"input_dim": 9, "output_dim": 5}, "overlap": True, "wide": True, **classes}
    config = Config.model_validate({"task": task, "data": {"train": "t"}, "model": model})
    network = build_network(config)
    start_from_data(network, config, pairs, None)
    arrays = network.arrays()
    overlap = overlap_features(*sides, arrays["tokens/idf"]).astype(float)
    deviation = overlap.std(axis=0)
    features = np.clip((overlap - overlap.mean(axis=0)) / np.where(deviation > 0, deviation, 1.0), -4.0, 4.0)
    target = np.eye(3)[label] if task == "multiclass" else label[:, np.newaxis].astype(float)
    kernel, bias = regression(features, target, np.ones(60), linear=task == "regression")
    logits = Scorer(config, arrays, threads=1).logits(*sides).merged()
    np.testing.assert_allclose(logits.reshape(60, -1), features @ kernel + bias, atol=1e-4)
