"""Initialise a network from the train split: label frequencies, idf, and word vectors from co-occurrences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from pairlens.config.keras import PpmiSvd
from pairlens.config.schema import Config
from pairlens.network.network import Network
from pairlens.texts.overlap import inverse_document_frequencies, overlap_features
from pairlens.texts.pairs import Pairs
from pairlens.texts.soft_labels import one_hot
from pairlens.texts.texts import Texts
from pairlens.training.completed_rows import completed
from pairlens.training.pair_weights import pair_weights
from pairlens.training.ppmi import ppmi_svd
from pairlens.training.wide_head import start_wide_head
from pairlens.vectors.wanted import Vectors

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]


def start_from_data(
    network: Network,
    config: Config,
    train: Pairs,
    vocabulary: Sequence[str] | None,
    vectors: Vectors | None = None,
) -> None:
    """Set the head and, if the config has them, the idf, the overlap features' scale and the embeddings.

    Args:
        vectors: word vectors [input_dim, dim]. With `ppmi_svd` they become the last `dim` columns of the embeddings,
            and a word that lacks either part has it predicted from the other; see completed_rows.py. Otherwise they
            become the embeddings. Words without any vector keep their random values.
    """
    assert train.label is not None
    model = config.model
    network.head_layer.bias.assign(_head_bias(config, train.label.astype(np.float64)))
    texts = Texts.concatenate([train.query, train.value])
    if model.embedding.match_channels or model.overlap:
        network.encoder.idf.assign(inverse_document_frequencies(texts, model.embedding.input_dim))
    if model.overlap:
        overlap = overlap_features(train.query, train.value, network.encoder.idf.numpy())
        network.overlap_mean.assign(overlap.mean(axis=0))
        network.overlap_deviation.assign(_deviations(overlap))
        if model.wide:
            weight = pair_weights(config, train).astype(np.float64)
            start_wide_head(network, overlap, _targets(config, train.label), weight)
    _set_embeddings(network, config, texts, vocabulary, vectors)


def _head_bias(config: Config, label: np.ndarray) -> np.ndarray:
    """The logits of the labels' frequencies, or the labels' mean, so that no steps are spent on learning them."""
    if config.task == "multiclass":
        hard = label.ndim == 1
        counts = np.bincount(label.astype(np.int64), minlength=config.model.classes or 1) if hard else label.sum(axis=0)
        return np.log(np.maximum(counts, 1) / len(label))
    mean = label.mean()
    if config.task == "regression":
        return np.array([mean])
    mean = min(max(mean, 1e-3), 1.0 - 1e-3)
    return np.array([np.log(mean / (1.0 - mean))])


def _targets(config: Config, label: Floats) -> NDArray[np.float64]:
    """The labels [pairs, 1], or the probabilities of a multiclass task's classes [pairs, classes]."""
    if label.ndim == 1:
        label = one_hot(label, config.model.classes) if config.model.classes else label[:, np.newaxis]
    return label.astype(np.float64)


def _deviations(features: Floats) -> Floats:
    """The standard deviation of each column; 1 for a constant one, so that another value later is not enlarged."""
    varies = np.ptp(features, axis=0) > 0
    return np.where(varies, features.std(axis=0) + 1e-6, 1.0).astype(np.float32)


def _set_embeddings(
    network: Network, config: Config, texts: Texts, vocabulary: Sequence[str] | None, vectors: Vectors | None
) -> None:
    embedding, embeddings = config.model.embedding, network.encoder.embedding.embeddings
    initializer = embedding.embeddings_initializer
    if isinstance(initializer, PpmiSvd):
        learn = partial(_directions, initializer, _distinct(texts), vocabulary or ())
        drawn, stddev = embeddings.numpy(), initializer.stddev
        if vectors:
            embeddings.assign(_with_vectors(learn, texts, vectors, drawn, stddev))
        else:
            embeddings.assign(_scaled(learn(np.arange(embedding.input_dim), embedding.output_dim), drawn, stddev))
    elif vectors:
        embeddings.assign(np.where(vectors.found[:, None], vectors.matrix, embeddings.numpy()))


def _directions(initializer: PpmiSvd, texts: Texts, vocabulary: Sequence[str], ids: Ids, dim: int) -> Floats:
    """Unit vectors [ids, dim] from co-occurrence and spelling, for sorted ids with all that are in the texts."""
    numbered = Texts(np.searchsorted(ids, texts.ids).astype(np.int32), texts.offsets)
    words = [vocabulary[i] for i in ids if i < len(vocabulary)]
    return ppmi_svd(numbered, len(ids), dim, initializer.window, words, initializer.spelling)


def _with_vectors(
    learn: Callable[[Ids, int], Floats], texts: Texts, vectors: Vectors, drawn: Floats, stddev: float
) -> Floats:
    """Learned directions and word vectors side by side, each completed from the other; `drawn` for words with neither.

    Words that only the vectors have take no part in learning, so that they do not change what the others start from.
    """
    occurs = np.bincount(texts.ids, minlength=len(drawn)) > 0
    learned, dim = np.flatnonzero(occurs | ~vectors.found), drawn.shape[1] - vectors.dim
    own = np.zeros((len(drawn), dim), np.float32)
    own[learned] = learn(learned, dim)
    known = np.linalg.norm(own, axis=1) > 0
    directions, _ = completed(own, known, vectors.matrix, vectors.found)
    matrix, found = completed(vectors.matrix, vectors.found, own, known)
    parts = _scaled(directions, drawn[:, :dim], stddev), _of_mean_norm(matrix, found, drawn[:, dim:], stddev)
    return np.concatenate(parts, axis=1)


def _of_mean_norm(matrix: Floats, found: NDArray[np.bool_], drawn: Floats, stddev: float) -> Floats:
    """Word vectors [input_dim, dim], scaled by one factor to the mean norm of `_scaled`; `drawn` if a word has none."""
    norm = float(np.linalg.norm(matrix[found], axis=1).mean())
    scale = stddev * matrix.shape[1] ** 0.5 / norm if norm else 1.0
    scaled: Floats = np.where(found[:, None], matrix * np.float32(scale), drawn)
    return scaled


def _scaled(directions: Floats, drawn: Floats, stddev: float) -> Floats:
    """Embeddings [input_dim, output_dim] of equal norm in these directions; words without one keep the drawn one."""
    known = directions.any(axis=1, keepdims=True)
    directions = np.where(known, directions, drawn / np.linalg.norm(drawn, axis=1, keepdims=True))
    scaled: Floats = directions * (stddev * directions.shape[1] ** 0.5)
    return scaled


def _distinct(texts: Texts) -> Texts:
    return Texts.from_lists(list({text.tobytes(): text for text in texts}.values()))
