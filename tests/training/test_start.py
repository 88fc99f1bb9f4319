"""Initial embeddings from word vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pairlens.config.schema import Config
from pairlens.network.network import build_network
from pairlens.texts.pairs import Pairs
from pairlens.texts.texts import Texts
from pairlens.training.start import _head_bias, start_from_data
from pairlens.vectors.wanted import Vectors

INPUT_DIM, WIDTH, STDDEV = 7, 4, 0.5
LENGTH_OF_QUERY, EQUAL_TEXTS = 11, 14  # among the overlap features
PAIRS = Pairs(
    Texts.from_lists([[1, 2, 3], [4, 5]]), Texts.from_lists([[3, 2], [5, 1, 4]]), np.array([0, 1], np.float32)
)
PPMI = {"name": "ppmi_svd", "stddev": STDDEV, "window": 2}


def vectors() -> Vectors:
    """Vectors for ids 1, 2 and 6; the last one is in no text."""
    matrix = np.zeros((INPUT_DIM, WIDTH), np.float32)
    matrix[[1, 2, 6]] = [[3, 0, 0, 4], [0, 1, 0, 0], [6, 0, 8, 0]]  # of length 5, 1 and 10
    return Vectors(matrix, matrix.any(axis=1), 3, 3, 0, 0, 0)


def start(given: Vectors | None, output_dim: int, vocabulary: list[str] | None = None, **embedding: Any) -> np.ndarray:
    embedding = {"input_dim": INPUT_DIM, "output_dim": output_dim, **embedding}
    config = Config.model_validate({"data": {"train": "t"}, "model": {"embedding": embedding}})
    network = build_network(config)
    start_from_data(network, config, PAIRS, vocabulary, given)
    return network.encoder.embedding.embeddings.numpy()


@pytest.mark.parametrize(
    ("task", "label", "expected"),
    [
        ("binary", [1, 0, 0.5, 0.1], np.log([0.4 / 0.6])),
        ("binary", [0.0001, 0.0002], np.log([0.001 / 0.999])),
        ("multiclass", [[0.5, 0.5, 0], [1, 0, 0], [0, 0.5, 0.5], [1, 0, 0]], np.log([2.5 / 4, 1 / 4, 1 / 4])),
        ("multiclass", [0, 2, 0, 1], np.log([2 / 4, 1 / 4, 1 / 4])),
    ],
)
def test_the_head_starts_from_the_frequencies_of_the_labels(task: str, label: list[Any], expected: np.ndarray) -> None:
    """Of probabilities, from their sums; a class counts once at least, as the third one with 0.5."""
    model = {"embedding": {"input_dim": INPUT_DIM}, "classes": 3 if task == "multiclass" else None}
    config = Config.model_validate({"task": task, "data": {"train": "t"}, "model": model})
    np.testing.assert_allclose(_head_bias(config, np.array(label, np.float64)), expected)


def test_words_without_a_vector_keep_their_random_values() -> None:
    drawn, started = start(None, WIDTH), start(vectors(), WIDTH)
    found = vectors().found
    np.testing.assert_array_equal(started[found], vectors().matrix[found])
    np.testing.assert_array_equal(started[~found], drawn[~found])
    assert drawn.any(axis=1).all()


def test_vectors_follow_the_co_occurrences() -> None:
    started = start(vectors(), 3 + WIDTH, embeddings_initializer=PPMI)
    alone = start(None, 3, embeddings_initializer=PPMI)
    seen = [1, 2, 3, 4, 5]
    np.testing.assert_array_equal(started[seen, :3], alone[seen])
    # The mean of lengths 5, 1 and 10 is 16 / 3; it is scaled to 0.5 * sqrt(4) = 1, the norm for this width.
    np.testing.assert_allclose(started[[1, 2, 6], 3:], vectors().matrix[[1, 2, 6]] * 3 / 16, rtol=1e-6)


def test_each_part_has_the_mean_norm_for_its_width() -> None:
    started = start(vectors(), 3 + WIDTH, embeddings_initializer=PPMI)
    lengths = np.linalg.norm(started[:, :3], axis=1)
    np.testing.assert_allclose(lengths, STDDEV * 3**0.5, rtol=1e-5)
    found = np.linalg.norm(started[vectors().found, 3:], axis=1)
    assert found.mean() == pytest.approx(STDDEV * WIDTH**0.5)


def test_with_ppmi_a_word_that_only_the_texts_have_gets_a_vector_of_the_same_length() -> None:
    started = start(vectors(), 3 + WIDTH, embeddings_initializer=PPMI)
    as_drawn = start(None, 3 + WIDTH, embeddings_initializer={"name": "normal", "stddev": STDDEV})
    only_in_texts = [3, 4, 5]
    lengths = np.linalg.norm(started[only_in_texts, 3:], axis=1)
    np.testing.assert_allclose(lengths, STDDEV * WIDTH**0.5, rtol=1e-5)
    # Both known words have 0 as the third number of their vectors.
    np.testing.assert_allclose(started[only_in_texts, 5], 0, atol=1e-6)
    np.testing.assert_array_equal(started[0, 3:], as_drawn[0, 3:])  # neither in the texts nor in the vectors


def test_a_word_that_only_the_vectors_have_gets_a_direction_as_the_texts_would_give_it() -> None:
    """Word 6, which is in no text, has the vector of word 2."""
    matrix = np.zeros((INPUT_DIM, WIDTH), np.float32)
    matrix[[1, 2, 3, 4, 5, 6]] = [[0, 0, 2, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 3], [0, 0, -2, 0], [1, 0, 0, 0]]
    given = Vectors(matrix, matrix.any(axis=1), 6, 6, 0, 0, 0)
    started = start(given, 3 + WIDTH, embeddings_initializer=PPMI)
    own = started[:, :3] / np.linalg.norm(started[:, :3], axis=1, keepdims=True)
    assert own[6] @ own[2] == max(own[6] @ own[i] for i in range(1, 6))
    np.testing.assert_array_equal(started[6, 3:], started[2, 3:])


def test_words_that_only_the_vectors_have_leave_the_others_as_they_were() -> None:
    """Without word 6, which no text has, words 0 to 5 start from the same numbers, spelling included."""
    vocabulary = ["[PAD]", "cat", "cats", "dog", "dogs", "the", "catalogue"]
    spelled = {"embeddings_initializer": {**PPMI, "spelling": 1.0}}
    started = start(vectors(), 3 + WIDTH, vocabulary, **spelled)
    shorter = start(None, 3, vocabulary[:6], **spelled, input_dim=6)
    np.testing.assert_allclose(started[1:6, :3], shorter[1:6], atol=1e-6)


def test_vectors_that_are_all_zero_stay_zero() -> None:
    zero = Vectors(np.zeros((INPUT_DIM, WIDTH), np.float32), np.ones(INPUT_DIM, np.bool_), 7, 7, 0, 0, 0)
    assert not start(zero, 3 + WIDTH, embeddings_initializer=PPMI)[:, 3:].any()


def test_a_feature_that_is_constant_in_train_keeps_its_unit() -> None:
    """No pair of train has equal texts, but one to be scored may: the 1 of that feature must stay 1."""
    config = Config.model_validate(
        {"data": {"train": "t"}, "model": {"overlap": True, "embedding": {"input_dim": INPUT_DIM}}}
    )
    network = build_network(config)
    start_from_data(network, config, PAIRS, None)
    deviation = network.overlap_deviation.numpy()
    assert deviation[EQUAL_TEXTS] == 1.0
    # The lengths 3 and 2 of the queries have logarithms ln 3 and ln 2, which differ from their mean by ln(1.5) / 2.
    assert deviation[LENGTH_OF_QUERY] == pytest.approx(np.log(1.5) / 2, rel=1e-4)
