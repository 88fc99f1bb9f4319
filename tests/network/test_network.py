"""Network, for training, and Scorer, for scoring, give the same results, whatever the padding and batches."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from models import Case, Floats, Texts, cases, configs, make_config, network_with, random_texts, random_weights

from pairlens.config.schema import Config
from pairlens.config.weights import weight_shapes
from pairlens.network.network import Network, build_network
from pairlens.scoring.scorer import Scorer
from pairlens.texts.overlap import overlap_features
from pairlens.texts.texts import Texts as Ragged
from pairlens.training.batches import pad

Called = tuple[tf.Tensor, dict[str, tf.Tensor]]  # what Network.call returns


class Ran(NamedTuple):
    """`score` [B], and each pair's attention scores at the true lengths, by the names of `Network.call`."""

    score: Floats
    attention: list[dict[str, Floats]]


def padded(texts: Texts, extra: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Ids [B, T] and true lengths [B]; with `extra` columns, all padding is garbage."""
    ids, lengths = pad(Ragged.from_lists(texts), np.arange(len(texts)))
    if extra:
        ids = np.pad(ids, ((0, 0), (0, extra)))
        garbage = np.random.default_rng(0).integers(-(2**31), 2**31, ids.shape, dtype=np.int32)
        ids = np.where(np.arange(ids.shape[1]) < lengths[:, np.newaxis], ids, garbage)
    return ids, lengths


def call(network: Network, queries: Texts, values: Texts, extra: tuple[int, int] = (0, 0)) -> Called:
    overlap = overlap_features(Ragged.from_lists(queries), Ragged.from_lists(values), network.encoder.idf.numpy())
    return network(*padded(queries, extra[0]), *padded(values, extra[1]), overlap)


def run(network: Network, queries: Texts, values: Texts, extra: tuple[int, int] = (0, 0)) -> Ran:
    score, parts = call(network, queries, values, extra)
    attention = []
    for i, (query, value) in enumerate(zip(queries, values, strict=True)):
        sizes = {"scores": (len(query), len(value)), "value_scores": (len(value), len(query))}
        of_pair = {name: parts[name][i].numpy() for name in sizes if name in parts}
        for name, matrix in of_pair.items():
            rows, columns = sizes[name]
            assert not matrix[:, columns:].any()  # padding is never attended to
            of_pair[name] = matrix[:rows, :columns]
        attention.append(of_pair)
    return Ran(score.numpy(), attention)


def assert_same(actual: Ran, expected: Ran) -> None:
    np.testing.assert_allclose(actual.score, expected.score, rtol=0, atol=1e-5)
    for of_pair, expected_of_pair in zip(actual.attention, expected.attention, strict=True):
        assert of_pair.keys() == expected_of_pair.keys()
        for name, matrix in of_pair.items():
            np.testing.assert_allclose(matrix, expected_of_pair[name], rtol=0, atol=1e-5)


@settings(max_examples=30)
@given(cases())
def test_scorer_and_network_give_the_same_results(case: Case) -> None:
    config, weights, queries, values = case
    engine = Scorer(config, weights, threads=1)
    attention = [
        {"scores": pair.scores} | ({} if pair.value_scores is None else {"value_scores": pair.value_scores})
        for pair in engine.attend(queries, values)
    ]
    ran = run(network_with(config, weights), queries, values)
    assert_same(ran, Ran(engine.score(queries, values), attention))


@settings(max_examples=15)
@given(cases())
def test_padding_batch_and_order_change_nothing(case: Case) -> None:
    config, weights, queries, values = case
    network = network_with(config, weights)
    ran = run(network, queries, values)
    assert_same(run(network, queries, values, extra=(3, 7)), ran)
    backwards = run(network, queries[::-1], values[::-1], extra=(0, 1))
    assert_same(Ran(backwards.score[::-1], backwards.attention[::-1]), ran)
    assert_same(run(network, queries[:1], values[:1]), Ran(ran.score[:1], ran.attention[:1]))


@settings(max_examples=15)
@given(configs())
def test_weights_have_the_names_and_shapes_of_weight_shapes(config: Config) -> None:
    shapes = {name: array.shape for name, array in build_network(config).arrays().items()}
    assert shapes == weight_shapes(config.model)


def test_the_initial_weights_depend_on_the_seed() -> None:
    first, again, other = (build_network(make_config(seed=seed)).arrays() for seed in (1, 1, 2))
    for name, array in first.items():
        np.testing.assert_array_equal(array, again[name])
        assert name.endswith("bias") or (array != other[name]).all()


def test_l2_is_added_to_the_losses() -> None:
    regularized = {"filters": 1, "kernel_size": 2, "kernel_regularizer": {"name": "l2", "l2": 0.1}}
    config = make_config(
        embedding={"output_dim": 1}, conv=[regularized, {"filters": 1}], attention={"key": "convolution"}
    )
    weights = random_weights(config)
    weights["conv/0/kernel"] = np.array([[[3.0]], [[4.0]]], np.float32)
    weights["key_conv/0/kernel"] = np.array([[[1.0]], [[2.0]]], np.float32)
    # l2 times the sum of squares: 0.1 * (9 + 16) for the encodings' layer, 0.1 * (1 + 4) for the keys'.
    np.testing.assert_allclose(network_with(config, weights).losses, [2.5, 0.5], rtol=1e-6)


@pytest.mark.parametrize("score_mode", ["dot", "concat"])
def test_gradients_are_finite_where_there_is_nothing_to_attend_to(score_mode: str) -> None:
    config = make_config(
        empty="score",
        embedding={"mask_zero": True},
        attention={"score_mode": score_mode, "use_scale": True, "direction": "both", "use_causal_mask": True},
        features=["encoding", "attention", "absolute_difference", "product"],
        pooling=["average", "max"],
    )
    network = network_with(config, random_weights(config))
    masked, empty, text = np.zeros(3, np.int32), np.zeros(0, np.int32), np.arange(5, dtype=np.int32)
    queries, values = [masked, empty, text, text, empty], [text, text, masked, empty, empty]
    with tf.GradientTape() as tape:
        score, _ = call(network, queries, values)
        loss = tf.reduce_sum(score)
    for gradient in tape.gradient(loss, network.trainable_variables):
        assert np.isfinite(tf.convert_to_tensor(gradient)).all()


@pytest.mark.parametrize("score_mode", ["dot", "concat"])
def test_huge_activations_stay_finite(score_mode: str) -> None:
    config = make_config(conv=[], attention={"score_mode": score_mode, "direction": "both"}, pooling=["average", "max"])
    weights = random_weights(config)
    weights["embedding/embeddings"] = np.where(weights["embedding/embeddings"] > 0, 1e4, -1e4).astype(np.float32)
    queries, values = random_texts(7, 11, 23, seed=1), random_texts(7, 11, 23, seed=2)
    score, parts = call(network_with(config, weights), queries, values)
    for tensor in (score, *parts.values()):
        assert np.isfinite(tensor).all()
