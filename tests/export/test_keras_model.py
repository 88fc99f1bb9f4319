"""The file of plain tf-keras layers: what it says, that it scores as Scorer does, and what it cannot say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tf_keras
from models import make_config, random_texts, random_weights

from pairlens.config.schema import Config
from pairlens.export.keras_model import write_keras
from pairlens.export.keras_source import refusals, source_of
from pairlens.scoring.scorer import Scorer

PAGE = """
# The ids of the tokens of both texts, which go through the same layers.
query_ids = tf_keras.Input(shape=(None,), dtype="int32")
value_ids = tf_keras.Input(shape=(None,), dtype="int32")
embedding = layers.Embedding(1000, 64, name="embedding")
query_embedded, value_embedded = embedding(query_ids), embedding(value_ids)
conv_0 = layers.Conv1D(100, 4, padding="same", name="conv_0")
query, value = conv_0(query_embedded), conv_0(value_embedded)

# Each position of one text attends to the positions of the other.
attention = layers.Attention(name="attention")
query_attended = attention([query, value])

# What is left of all positions goes through dense layers.
x = layers.Concatenate()([
    layers.GlobalAveragePooling1D()(query),
    layers.GlobalAveragePooling1D()(query_attended),
])
x = layers.Dense(64, activation="relu", name="dnn_0")(x)
score = layers.Dense(1, activation="sigmoid", name="head")(x)
model = tf_keras.Model([query_ids, value_ids], score)
"""
EVERYTHING = [  # each key that plain layers can express, at least once
    {"attention": {"score_mode": "concat", "use_scale": True, "use_causal_mask": True}, "dnn": {"units": []}},
    {
        "conv": [
            {"filters": 7, "kernel_size": 3, "dilation_rate": 2, "activation": "gelu"},
            {"filters": 5, "kernel_size": 2, "padding": "causal", "use_bias": False},
        ],
        "attention": {"use_scale": True, "key": "convolution", "direction": "both"},
        "views": ["embedding", "convolution"],
        "features": ["encoding", "attention", "product"],
        "pooling": ["average", "max"],
    },
    {"task": "multiclass", "classes": 3, "symmetric": True, "conv": [], "compare": {"units": 3}},
    {"task": "regression", "features": ["product"], "pooling": ["max"], "dnn": {"units": [3, 2], "activation": "elu"}},
]


def written(config: Config, folder: Path) -> tf_keras.Model:
    write_keras(folder, config, random_weights(config))
    return tf_keras.models.load_model(folder / "model.keras")


def test_the_default_network_is_the_page() -> None:
    config = make_config(embedding={"input_dim": 1000, "output_dim": 64}, conv=[{}], dnn={})
    assert source_of(config).endswith(f"from tf_keras import layers\n{PAGE}")


@pytest.mark.parametrize("model", EVERYTHING)
def test_a_pair_alone_scores_as_the_scorer(model: dict[str, Any], tmp_path: Path) -> None:
    config = make_config(**model)
    queries, values = random_texts(4, 9, 23, seed=1), random_texts(4, 9, 23, seed=2)
    expected, keras = Scorer(config, random_weights(config)).score(queries, values), written(config, tmp_path)
    for pair in zip(queries, values, expected, strict=True):
        [score] = keras([pair[0][np.newaxis], pair[1][np.newaxis]]).numpy()
        np.testing.assert_allclose(np.squeeze(score), pair[2], rtol=0, atol=1e-5)


def test_without_masks_a_padded_batch_scores_as_the_scorer(tmp_path: Path) -> None:
    config = make_config(masking="none")
    queries, values = random_texts(7, 9, 23, seed=1), random_texts(7, 9, 23, seed=2)
    expected = Scorer(config, random_weights(config)).score(queries, values)
    batch = [tf_keras.utils.pad_sequences(side, padding="post") for side in (queries, values)]
    np.testing.assert_allclose(written(config, tmp_path)(batch)[:, 0], expected, rtol=0, atol=1e-5)


def test_every_key_is_expressed_or_refused_by_name() -> None:
    refused = {
        "model.embedding.mask_zero": {"embedding": {"mask_zero": True}},
        "model.embedding.match_channels": {"embedding": {"match_channels": True}},
        "model.attention.temperature": {"attention": {"temperature": 2.0}},
        "the feature absolute_difference": {"features": ["absolute_difference"]},
        "model.overlap": {"overlap": True},
    }
    for key, model in refused.items():
        assert [*refusals(make_config(**model).model)] == [key]
    assert [*refusals(make_config(overlap=True, wide=True).model)] == ["model.overlap", "model.wide"]
    assert not any(refusals(make_config(**model).model) for model in EVERYTHING)
    keys = {key for model in EVERYTHING for key in model} | {"embedding", "overlap", "wide", "masking"}
    assert keys - {"task"} == set(make_config().model.model_fields_set | type(make_config().model).model_fields.keys())
