"""Embeddings from co-occurrences of words, and from their spelling."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from pairlens.texts.texts import Texts
from pairlens.training.ppmi import ppmi_svd
from pairlens.training.spelling import spelling_features


def oracle(texts: list[list[int]], input_dim: int, dim: int, window: int) -> np.ndarray:
    """The same by Levy et al.'s formulas, with a full matrix and NumPy's SVD."""
    counts: dict[tuple[int, int], float] = defaultdict(float)
    for text in texts:
        for i, word in enumerate(text):
            for j, context in enumerate(text):
                if i != j and abs(i - j) <= window:
                    counts[word, context] += 1 / abs(i - j)
    matrix = np.zeros((input_dim, input_dim))
    for entry, count in counts.items():
        matrix[entry] = count
    of_word, of_context = matrix.sum(axis=1, keepdims=True), matrix.sum(axis=0, keepdims=True) ** 0.75
    with np.errstate(divide="ignore", invalid="ignore"):
        pmi = np.log(matrix * of_context.sum() / (of_word * of_context))
    left, singular, _ = np.linalg.svd(np.where(matrix > 0, np.maximum(pmi, 0), 0))
    vectors = left[:, :dim] * singular[:dim] ** 0.5
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.where(norms > 1e-6, vectors / np.maximum(norms, 1e-6), 0)


def test_the_vectors_equal_those_of_a_full_svd() -> None:
    random = np.random.default_rng(1)
    texts = [random.integers(1, 12, random.integers(2, 9)).tolist() for _ in range(40)]
    found = ppmi_svd(Texts.from_lists(texts), 14, 6, 3).astype(np.float64)
    expected = oracle(texts, 14, 6, 3)
    np.testing.assert_allclose(found @ found.T, expected @ expected.T, atol=1e-4)  # up to rotation and sign
    assert not found[[0, 12, 13]].any()  # never seen


def test_words_with_the_same_contexts_are_near_each_other() -> None:
    texts = [[word, *context] for word, context in ((1, [5, 6]), (2, [5, 6]), (3, [7, 8]), (4, [7, 8])) for _ in "ab"]
    vectors = ppmi_svd(Texts.from_lists(texts), 9, 4, 2)
    assert vectors[1] @ vectors[2] > 0.99
    assert vectors[1] @ vectors[3] < 0.5


def test_spelling_gives_a_vector_to_a_word_without_texts() -> None:
    vocabulary = ["<pad>", "<unk>", "play", "game", "house", "garden", "playing"]
    texts = Texts.from_lists([[2, 3], [3, 2], [4, 5], [5, 4]])
    contexts = ppmi_svd(texts, 7, 4, 2, vocabulary, 0.0)
    assert not contexts[6].any()
    np.testing.assert_array_equal(contexts, ppmi_svd(texts, 7, 4, 2))
    both = ppmi_svd(texts, 7, 4, 2, vocabulary, 1.0)
    assert both[6] @ both[2] > 0.3 > max(both[6] @ both[4], both[6] @ both[5])
    assert not both[:2].any()  # neither in a text nor spelled


def test_with_a_large_weight_only_the_spelling_counts() -> None:
    vocabulary = ["play", "plays", "replay", "house"]
    rows, columns, values = spelling_features(vocabulary)
    spelled = np.zeros((4, columns.max() + 1))
    spelled[rows, columns] = values
    left, singular, _ = np.linalg.svd(spelled)
    expected = left * singular**0.5
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    found = ppmi_svd(Texts.from_lists([[0, 3], [1, 2]]), 4, 4, 2, vocabulary, 1e4)
    np.testing.assert_allclose(found @ found.T, expected @ expected.T, atol=1e-3)


def test_a_longer_or_shorter_vocabulary_than_ids() -> None:
    texts = Texts.from_lists([[1, 2, 3]])
    for vocabulary in (["a"], [f"word{i}" for i in range(50)]):
        assert ppmi_svd(texts, 5, 3, 2, vocabulary, 1.0).shape == (5, 3)
