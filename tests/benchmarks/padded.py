"""Shared by the peers, in NumPy: padded batches of similar lengths from token files, and writing scores."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml
from numpy.typing import NDArray
from processes import THREADS

Ints = NDArray[np.int32]
Floats = NDArray[np.float32]
ScoreBatch = Callable[[Ints, Ints], Floats]  # padded query [B, Tq] and value [B, Tv] -> scores [B]

_WINDOW = 32  # batches of an epoch that are sorted by length together


class Texts(NamedTuple):
    """Text i is the `lengths[i]` ids [tokens] from `starts[i]` on."""

    ids: Ints
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]


def read_model(run: Path) -> dict[str, Any]:
    """The `model` section of a run's config."""
    return _read_config(run)["model"]


def trains_lazily(run: Path) -> bool:
    """Whether Adam updates only the embedding rows of a batch."""
    return _read_config(run)["training"]["optimizer"]["lazy"]


def _read_config(run: Path) -> dict[str, Any]:
    return yaml.load((run / "config.yaml").read_text(), yaml.CSafeLoader)


def read_weights(run: Path) -> dict[str, Floats]:
    """The run's weights by name; weights with a row per id get a row of zeros for padding."""
    with np.load(run / "weights.npz") as archive:
        weights = dict(archive)
    by_id = {"embedding/embeddings", "tokens/idf"} & weights.keys()
    return weights | {name: np.concatenate([weights[name], np.zeros_like(weights[name][:1])]) for name in by_id}


def read_texts(path: Path) -> Texts:
    """All texts of a file, parsed at once: np.fromstring treats newlines as blanks."""
    data = path.read_bytes()
    ids = np.fromstring(data, np.int32, sep=" ")
    lengths = np.array([line.count(b" ") + 1 for line in data.splitlines()], np.int64)
    return Texts(ids, np.cumsum(lengths) - lengths, lengths)


def write_scores(path: Path, scores: Floats) -> None:
    path.write_text(("%.7g\n" * len(scores)) % tuple(scores.tolist()))


def pad(texts: Texts, rows: NDArray[np.int64], padding: int) -> Ints:
    """The texts at `rows` [B] as ids [B, T], filled up with the padding id; T is the longest length."""
    lengths = texts.lengths[rows, np.newaxis]
    columns = np.arange(lengths.max())
    ids = texts.ids.take(texts.starts[rows, np.newaxis] + columns, mode="clip")
    return np.where(columns < lengths, ids, np.int32(padding))


def score_texts(score: ScoreBatch, query: Texts, value: Texts, padding: int, tokens: int) -> Floats:
    """Scores [pairs] in the order of the pairs, computed in batches of similar lengths with about `tokens` tokens.

    Each thread works on its own batch, which is faster for all peers than sharing every batch between threads.
    """
    order = np.lexsort((value.lengths, query.lengths))
    batch = np.cumsum((query.lengths + value.lengths)[order]) // tokens
    batches = np.split(order, np.flatnonzero(np.diff(batch)) + 1)
    scores = np.empty(len(order), np.float32)

    def score_rows(rows: NDArray[np.int64]) -> None:
        scores[rows] = score(pad(query, rows, padding), pad(value, rows, padding))

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(score_rows, batches))
    return scores


def shuffled_batches(query: Texts, value: Texts, size: int, random: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """An epoch's batches of rows [size]: pairs of similar length together, batches in random order."""
    shuffled = random.permutation(len(query.lengths))
    lengths = np.maximum(query.lengths, value.lengths)
    batches: list[NDArray[np.int64]] = []
    for start in range(0, len(shuffled), _WINDOW * size):
        window = shuffled[start : start + _WINDOW * size]
        window = window[np.argsort(lengths[window])]
        batches += [window[i : i + size] for i in range(0, len(window), size)]
    yield from (batches[i] for i in random.permutation(len(batches)))
