"""The example on the Attention layer's page, in plain tf-keras, gives the same numbers as Scorer and Network.

https://www.tensorflow.org/api_docs/python/tf/keras/layers/Attention
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np
import pytest
import tensorflow as tf
import tf_keras
from command_line import lines
from models import Weights, make_config, network_with, random_texts, random_weights
from numpy.typing import NDArray

from pairlens.attention.dumps.dump import dump_metadata, write_dump
from pairlens.attention.selection import Selection
from pairlens.attention.stream import attend_pairs
from pairlens.config.schema import Config
from pairlens.config.weights import fingerprint
from pairlens.scoring.scorer import Scorer
from pairlens.texts.sources import IdFiles

Page = Callable[[list[NDArray[np.int32]]], tuple[tf.Tensor, tf.Tensor]]


class Arguments(NamedTuple):
    """What the page lets one say of the layer, and whether id 0 is masked."""

    score_mode: str = "dot"
    use_scale: bool = False
    use_causal_mask: bool = False
    key: bool = False
    mask_zero: bool = False


EVERY_ARGUMENT = [Arguments(*values) for values in product(["dot", "concat"], *[[False, True]] * 4)]


def page(arguments: Arguments, weights: Weights) -> Page:
    """The page's code, with DNN layers of ours where it says "...": [query, value] to score [B, 1], scores [B, Tq, Tv].

    Keras's Conv1D takes no mask, so the masks that `mask_zero` makes are applied by hand.
    """
    query_input = tf_keras.Input(shape=(None,), dtype="int32")
    value_input = tf_keras.Input(shape=(None,), dtype="int32")
    masks = [query_input != 0, value_input != 0] if arguments.mask_zero else [None, None]

    token_embedding = tf_keras.layers.Embedding(input_dim=1000, output_dim=64)
    query_embeddings, value_embeddings = (
        masked(token_embedding(ids), mask) for ids, mask in zip([query_input, value_input], masks, strict=True)
    )

    cnn_layer = tf_keras.layers.Conv1D(filters=100, kernel_size=4, padding="same")
    query_seq_encoding = masked(cnn_layer(query_embeddings), masks[0])
    value_seq_encoding = masked(cnn_layer(value_embeddings), masks[1])
    layers = {"embedding": token_embedding, "conv/0": cnn_layer}

    inputs = [query_seq_encoding, value_seq_encoding]
    if arguments.key:
        layers["key_conv/0"] = tf_keras.layers.Conv1D(filters=100, kernel_size=4, padding="same")
        inputs.append(masked(layers["key_conv/0"](value_embeddings), masks[1]))
    layers["attention"] = tf_keras.layers.Attention(use_scale=arguments.use_scale, score_mode=arguments.score_mode)
    query_value_attention_seq, scores = layers["attention"](
        inputs,
        mask=masks if arguments.mask_zero else None,
        return_attention_scores=True,
        use_causal_mask=arguments.use_causal_mask,
    )

    average = tf_keras.layers.GlobalAveragePooling1D()
    query_encoding = average(query_seq_encoding, mask=masks[0])
    query_value_attention = average(query_value_attention_seq, mask=masks[0])
    input_layer = tf_keras.layers.Concatenate()([query_encoding, query_value_attention])

    layers["dnn/0"] = tf_keras.layers.Dense(64, activation="relu")
    layers["head"] = tf_keras.layers.Dense(1, activation="sigmoid")
    score = layers["head"](layers["dnn/0"](input_layer))

    for name, layer in layers.items():
        for variable in layer.weights:
            variable.assign(weights[f"{name}/{variable.name.split('/')[-1].removesuffix(':0')}"])
    return tf_keras.Model([query_input, value_input], [score, scores])


def masked(x: tf.Tensor, mask: tf.Tensor | None) -> tf.Tensor:
    return x if mask is None else x * tf.cast(mask, x.dtype)[:, :, tf.newaxis]


def config_of(arguments: Arguments, **model: object) -> Config:
    """The equivalent config. Everything except the vocabulary's size is the default."""
    attention = arguments._asdict() | {"key": "convolution" if arguments.key else "value"}
    mask_zero = attention.pop("mask_zero")
    defaults = {"conv": [{}], "dnn": {}}
    embedding = {"input_dim": 1000, "output_dim": 64, "mask_zero": mask_zero}
    return make_config(batch_size=3, embedding=embedding, attention=attention, **defaults, **model)


@pytest.mark.parametrize("arguments", EVERY_ARGUMENT)
def test_a_pair_alone_scores_as_on_the_page(arguments: Arguments) -> None:
    config = config_of(arguments)
    weights = random_weights(config)
    keras = page(arguments, weights)
    queries, values = random_texts(4, 19, 1000, seed=1), random_texts(4, 19, 1000, seed=2)
    for query, value in zip(queries, values, strict=True):
        query[1::3] = 0
        value[0::3] = 0  # with both masks, the first row has nothing to attend to
    engine = Scorer(config, weights)
    score, attention = engine.score(queries, values), engine.attend(queries, values)
    for i, pair in enumerate(zip(queries, values, strict=True)):
        expected_score, expected_attention = keras([text[np.newaxis] for text in pair])
        np.testing.assert_allclose(score[i], expected_score[0, 0], rtol=0, atol=1e-5)
        np.testing.assert_allclose(attention[i].scores, expected_attention[0], rtol=0, atol=1e-5)


@pytest.mark.parametrize("arguments", [arguments for arguments in EVERY_ARGUMENT if not arguments.mask_zero])
def test_without_masking_a_padded_batch_scores_as_on_the_page(arguments: Arguments) -> None:
    config = config_of(arguments, masking="none")
    weights = random_weights(config)
    keras, network = page(arguments, weights), network_with(config, weights)
    queries, values = random_texts(7, 19, 1000, seed=1), random_texts(7, 19, 1000, seed=2)
    engine = Scorer(config, weights)
    score, attention = engine.score(queries, values), engine.attend(queries, values)
    for start in range(0, 7, config.training.batch_size):
        batch = slice(start, start + config.training.batch_size)
        query, value = (tf_keras.utils.pad_sequences(side[batch], padding="post") for side in (queries, values))
        expected_score, expected_attention = keras([query, value])
        lengths = np.ones(len(query), np.int32)  # unused without masking
        network_score, parts = network(query, lengths, value, lengths)

        np.testing.assert_array_equal(network_score, expected_score[:, 0])
        np.testing.assert_array_equal(parts["scores"], expected_attention)
        np.testing.assert_allclose(score[batch], expected_score[:, 0], rtol=0, atol=1e-5)
        for pair, expected in zip(attention[batch], expected_attention.numpy(), strict=True):
            true_size = expected[: len(pair.query), : len(pair.value)]
            np.testing.assert_allclose(pair.scores, true_size, rtol=0, atol=1e-5)


def test_true_lengths_give_the_same_masks_as_padding_with_id_0() -> None:
    config = config_of(Arguments())
    weights = random_weights(config)
    queries, values = ([np.maximum(text, 1) for text in random_texts(7, 19, 1000, seed)] for seed in (1, 2))
    batch = [tf_keras.utils.pad_sequences(side, padding="post") for side in (queries, values)]
    expected, _ = page(Arguments(mask_zero=True), weights)(batch)
    np.testing.assert_allclose(Scorer(config, weights).score(queries, values), expected[:, 0], rtol=0, atol=1e-5)


# ---- dumps -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".npz", ".h5"])
@pytest.mark.parametrize("causal", [False, True])
def test_a_dump_contains_the_layers_scores_for_a_padded_batch(suffix: str, causal: bool, tmp_path: Path) -> None:
    """Within 1e-6; rows sum to one, and the scores cropped from the padded batch are exactly zero."""
    config = config_of(Arguments(use_causal_mask=causal))
    weights = random_weights(config)
    # With these biases raw scores are about 25, and their rounding to float32 alone makes a difference of 2e-6.
    weights["conv/0/bias"][:] = 0.0
    queries, values = ([np.maximum(text, 1) for text in random_texts(7, 19, 1000, seed)] for seed in (1, 2))
    for side, texts in (("q", queries), ("v", values)):
        (tmp_path / side).write_text(lines([text.tolist() for text in texts]))
    batch = [tf_keras.utils.pad_sequences(side, padding="post") for side in (queries, values)]
    _, padded = page(Arguments(mask_zero=True, use_causal_mask=causal), weights)(batch)

    path = tmp_path / f"maps{suffix}"
    chunks = attend_pairs(Scorer(config, weights), IdFiles(tmp_path / "q", tmp_path / "v"), Selection())
    write_dump(path, chunks, dump_metadata(config, fingerprint(config, weights)))
    found = read_scores(path)
    assert len(found) == 7
    for scores, whole, query, value in zip(found, padded.numpy(), queries, values, strict=True):
        assert scores.dtype == np.float32
        np.testing.assert_allclose(scores, whole[: len(query), : len(value)], rtol=0, atol=1e-6)
        np.testing.assert_allclose(scores.sum(axis=1), 1.0, rtol=0, atol=1e-6)
        assert not whole[: len(query), len(value) :].any()  # rows of the query's padding are not stored


def read_scores(path: Path) -> list[NDArray[np.float32]]:
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as file:
            return [file[f"{pair}/scores"] for pair in file["pair"]]
    with h5py.File(path) as file:
        widths = np.diff(file["value_offsets"])
        parts = np.split(file["scores"][:], file["offsets"][1:-1])
        return [part.reshape(-1, width) for part, width in zip(parts, widths, strict=True)]
