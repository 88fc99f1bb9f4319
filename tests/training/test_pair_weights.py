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


def make_config(**training: Any) -> Config:
    model = {"embedding": {"input_dim": 7, "output_dim": 3}, "conv": [{"filters": 2}], "dnn": {"units": [3]}}
    return Config.model_validate({"data": {"train": "train"}, "model": model, "training": training})


def make_pairs(label: list[float], **columns: Any) -> Pairs:
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


def test_some_pair_must_have_a_weight() -> None:
    with pytest.raises(
        DataError, match="train: every pair has weight 0, its own or its class's; there is nothing to learn"
    ):
        pair_weights(make_config(class_weight=[0, 1]), make_pairs([1, 0], weight=np.array([0, 1], np.float32)))
