"""Embeddings from co-occurrences of words: the truncated SVD of a positive pointwise mutual information matrix.

Levy, Goldberg and Dagan 2015, "Improving Distributional Similarity with Lessons Learned from Word Embeddings", 2.2 and
3.1: counts within a window, weighted by 1 / distance, context distribution smoothing 0.75, eigenvalue weighting 0.5.
Contexts are the most frequent words only, so that a vocabulary of any size needs bounded memory.

Optionally the n-grams of spelling.py are further columns of the matrix, which helps with rare words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from pairlens.texts.texts import Texts
from pairlens.training.spelling import COLUMNS, Entries, spelling_features

Floats = NDArray[np.float64]

_CONTEXTS = 3000
_SMOOTHING = 0.75
_ROWS = 4096  # dense rows of the matrix in memory at a time


def ppmi_svd(
    texts: Texts, input_dim: int, dim: int, window: int, vocabulary: Sequence[str] = (), spelling: float = 0.0
) -> NDArray[np.float32]:
    """Unit vectors float32 [input_dim, dim] for the words of distinct texts and of the vocabulary; zero for other ids.

    Args:
        spelling: the length of the spelling's rows, relative to the co-occurrences' rows (root mean square).
    """
    contexts = _contexts(texts, input_dim)
    entries, width = _ppmi(texts, input_dim, contexts, window), len(contexts)
    if vocabulary and spelling:
        entries = _with_spelling(entries, width, spelling_features(vocabulary[:input_dim]), spelling)
        width += COLUMNS
    gram = np.zeros((width, width))
    for _, rows in _dense_blocks(entries, input_dim, width):
        gram += rows.T @ rows
    eigenvalues, vectors = _largest_eigenvectors(gram, dim)
    projection = (
        vectors * np.maximum(eigenvalues, 1e-9) ** -0.25
    )  # weights the axes by the square root of the singular values
    embeddings = np.zeros((input_dim, dim), np.float32)
    for start, rows in _dense_blocks(entries, input_dim, width):
        projected = rows @ projection
        norms = np.linalg.norm(projected, axis=1, keepdims=True)
        embeddings[start : start + len(rows), : projected.shape[1]] = (
            projected / np.maximum(norms, 1e-6) * (norms > 1e-6)
        )
    return embeddings


def _largest_eigenvectors(gram: Floats, count: int) -> tuple[Floats, Floats]:
    """The largest eigenvalues [count] and their eigenvectors [n, count], by subspace iteration (Halko et al. 2011)."""
    basis = np.random.default_rng(0).standard_normal((len(gram), min(count + 20, len(gram))))
    for _ in range(8):
        basis, _ = np.linalg.qr(gram @ basis)
    eigenvalues, rotation = np.linalg.eigh(basis.T @ gram @ basis)
    return eigenvalues[::-1][:count], (basis @ rotation)[:, ::-1][:, :count]


def _contexts(texts: Texts, input_dim: int) -> NDArray[np.int64]:
    """The ids of the most frequent words."""
    frequency = np.bincount(texts.ids, minlength=input_dim)
    return np.argsort(-frequency, kind="stable")[: min(_CONTEXTS, int((frequency > 0).sum()))]


def _ppmi(texts: Texts, input_dim: int, contexts: NDArray[np.int64], window: int) -> Entries:
    """The positive entries of the matrix [words, contexts]."""
    words, columns, counts = _count_contexts(texts, input_dim, contexts, window)
    smoothed = np.bincount(columns, counts, len(contexts)) ** _SMOOTHING
    of_word = np.bincount(words, counts, input_dim)
    pmi = np.log(counts * smoothed.sum() / (of_word[words] * smoothed[columns]))
    positive = pmi > 0
    return Entries(words[positive], columns[positive], pmi[positive])


def _count_contexts(texts: Texts, input_dim: int, contexts: NDArray[np.int64], window: int) -> Entries:
    """Count each word within the window of each context [words, contexts], weighted by 1 / distance."""
    column_of = np.full(input_dim, -1)
    column_of[contexts] = np.arange(len(contexts))
    text_of = np.repeat(np.arange(len(texts)), texts.lengths)
    keys: NDArray[np.int64] = np.zeros(0, np.int64)  # word * contexts + column
    counts: Floats = np.zeros(0)
    for distance in range(1, window + 1):
        left, right = texts.ids[:-distance].astype(np.int64), texts.ids[distance:].astype(np.int64)
        near = text_of[:-distance] == text_of[distance:]
        for word, context in ((left, right), (right, left)):
            both = near & (column_of[context] >= 0)
            found, times = np.unique(word[both] * len(contexts) + column_of[context[both]], return_counts=True)
            keys, inverse = np.unique(np.concatenate([keys, found]), return_inverse=True)
            counts = np.bincount(inverse, np.concatenate([counts, times / distance])).astype(np.float64)
    return Entries(*np.divmod(keys, max(len(contexts), 1)), counts)


def _with_spelling(ppmi: Entries, width: int, spelling: Entries, weight: float) -> Entries:
    """The PPMI matrix, `width` columns wide, followed by the spelling's columns; for `weight` see `ppmi_svd`."""
    squares = np.bincount(ppmi.rows, ppmi.values**2)
    length = np.sqrt(squares[squares > 0].mean() if len(ppmi.values) else 1.0)  # the average row's
    scaled = Entries(spelling.rows, width + spelling.columns, spelling.values * weight * length)
    rows, columns, values = (np.concatenate(both) for both in zip(ppmi, scaled, strict=True))
    order = np.argsort(rows, kind="stable")
    return Entries(rows[order], columns[order], values[order])


def _dense_blocks(entries: Entries, height: int, width: int) -> Iterator[tuple[int, Floats]]:
    """Yield the matrix [height, width] as (first row, dense rows), _ROWS rows at a time."""
    for start in range(0, height, _ROWS):
        stop = min(start + _ROWS, height)
        part = slice(*np.searchsorted(entries.rows, [start, stop]))
        rows = np.zeros((stop - start, width))
        rows[entries.rows[part] - start, entries.columns[part]] = entries.values[part]
        yield start, rows
