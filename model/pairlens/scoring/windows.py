"""Cut work on pairs into windows, the same for any number of threads."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pairlens.config.schema import Config
from pairlens.texts.texts import Texts

_CHUNK_PAIRS = 65_536


def chunk_pairs(config: Config) -> int:
    """The recommended number of pairs in a chunk of a stream: whole batches with `masking: none`."""
    size = config.training.batch_size if config.model.masking == "none" else 1
    return max(_CHUNK_PAIRS // size, 1) * size


def windows(query: Texts, value: Texts, pairs: int, tokens: int) -> Iterator[tuple[Texts, Texts]]:
    """Yield consecutive pairs in windows of at most `pairs` pairs and `tokens` tokens, but at least one pair."""
    for start, stop in parts(query.offsets + value.offsets, pairs, tokens):
        yield _slice(query, start, stop), _slice(value, start, stop)


def parts(before: NDArray[np.int64], pairs: int, limit: int) -> Iterator[tuple[int, int]]:
    """Yield windows (start, stop) of at most `pairs` pairs and a total cost of at most `limit`, but at least one pair.

    `before` [pairs + 1] is the total cost of the pairs before each one.
    """
    start = 0
    while start < len(before) - 1:
        fit = int(np.searchsorted(before, before[start] + limit, side="right")) - 1
        stop = max(start + 1, min(start + pairs, fit))
        yield start, stop
        start = stop


def _slice(texts: Texts, start: int, stop: int) -> Texts:
    first, last = texts.offsets[start], texts.offsets[stop]
    return Texts(texts.ids[first:last], texts.offsets[start : stop + 1] - first)
