"""The weights of the train pairs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pairlens.config.schema import Config
from pairlens.errors import DataError
from pairlens.texts.pairs import Pairs
from pairlens.texts.texts import Texts
from pairlens.training.pair_weights import pair_weights


def make_config(task: str = "binary", **training: Any) -> Config:
    model: dict[str, Any] = {
        "embedding": {"input_dim": 7, "output_dim": 3},
        "conv": [{"filters": 2}],
        "dnn": {"units": [3]},
    }
    if task == "multiclass":
        model["classes"] = 3
    return Config.model_validate({"task": task, "data": {"train": "train"}, "model": model, "training": training})


def make_pairs(label: list[Any], **columns: Any) -> Pairs:
    texts = Texts.from_lists([[1 + i % 6, i % 3] for i in range(len(label))])
    return Pairs(texts, texts, np.array(label, np.float32), **columns)


def test_class_weights_and_pair_weights_multiply() -> None:
    pairs = make_pairs([1, 0, 0, 0], weight=np.array([1, 1, 1, 3], np.float32))
    np.testing.assert_allclose(pair_weights(make_config(), pairs), np.array([1, 1, 1, 3]) / 1.5)
    # Balanced: 4 / (2 * 1) for the one positive, 4 / (2 * 3) for each negative; then 3 times as much for the last.
    balanced = np.array([2, 2 / 3, 2 / 3, 2])
    np.testing.assert_allclose(
        pair_weights(make_config(class_weight="balanced"), pairs), balanced / balanced.mean(), rtol=1e-6
    )
    explicit = np.array([5, 1, 1, 3])
    np.testing.assert_allclose(
        pair_weights(make_config(class_weight=[1, 5]), pairs), explicit / explicit.mean(), rtol=1e-6
    )
    with pytest.raises(DataError, match="3 weights, but the labels have 2 classes; give one each"):
        pair_weights(make_config(class_weight=[1, 2, 3]), pairs)


def test_a_probability_has_the_mean_of_the_classes_weights() -> None:
    # Weights 1 and 5 of classes 0 and 1: 5, 1 and 0.75 * 1 + 0.25 * 5 = 2.
    explicit = np.array([5, 1, 2])
    found = pair_weights(make_config(class_weight=[1, 5]), make_pairs([1, 0, 0.25]))
    np.testing.assert_allclose(found, explicit / explicit.mean(), rtol=1e-6)
    # Class 1 is expected 1.25 times in 4, so it weighs 4 / (2 * 1.25) = 1.6; class 0 weighs 4 / (2 * 2.75).
    one, zero = 1.6, 4 / 5.5
    balanced = np.array([one, zero, zero, 0.75 * zero + 0.25 * one])
    found = pair_weights(make_config(class_weight="balanced"), make_pairs([1, 0, 0, 0.25]))
    np.testing.assert_allclose(found, balanced / balanced.mean(), rtol=1e-6)


def test_rows_of_probabilities_have_the_mean_of_the_classes_weights() -> None:
    rows = [[1, 0, 0], [0, 0, 1], [0.5, 0.25, 0.25]]
    explicit = np.array([4, 1, 4 / 2 + 8 / 4 + 1 / 4])
    found = pair_weights(make_config("multiclass", class_weight=[4, 8, 1]), make_pairs(rows))
    np.testing.assert_allclose(found, explicit / explicit.mean(), rtol=1e-6)
    hard = pair_weights(make_config("multiclass", class_weight="balanced"), make_pairs([0, 2, 0, 1]))
    as_rows = pair_weights(
        make_config("multiclass", class_weight="balanced"), make_pairs(np.eye(3)[[0, 2, 0, 1]].tolist())
    )
    np.testing.assert_array_equal(hard, as_rows)
    with pytest.raises(DataError, match="2 weights, but the labels have 3 classes; give one each"):
        pair_weights(make_config("multiclass", class_weight=[1, 2]), make_pairs(rows))


def test_some_pair_must_have_a_weight() -> None:
    with pytest.raises(
        DataError, match="train: every pair has weight 0, its own or its class's; there is nothing to learn"
    ):
        pair_weights(make_config(class_weight=[0, 1]), make_pairs([1, 0], weight=np.array([0, 1], np.float32)))
