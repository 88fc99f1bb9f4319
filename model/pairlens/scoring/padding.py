"""Padding for `masking: none`: as in the Keras example, each batch is padded to the length of its longest text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pairlens.config.schema import Config
from pairlens.errors import DataError
from pairlens.scoring.memory import too_large_padding
from pairlens.texts.pairs import Pairs
from pairlens.texts.texts import Texts, offsets_of
from pairlens.texts.token_faults import BadLine


def seen_lengths(config: Config, lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """The numbers of tokens of each text [texts] that the network sees, including padding with `masking: none`."""
    return lengths if config.model.masking == "exact" else _padded(lengths, config.training.batch_size)


def as_seen(config: Config, texts: Texts) -> Texts:
    """Return the texts as the network sees them: padded with `masking: none`, otherwise unchanged.

    Raises:
        DataError: the padding needs more memory than is available; the message names the text's index.
    """
    if config.model.masking == "exact":
        return texts
    if found := too_large_padding(texts.lengths, config.training.batch_size):
        raise DataError(f"text {found[0]}: {found[1]}")
    return _as_batched(texts, config.training.batch_size)


def _as_batched(texts: Texts, batch_size: int) -> Texts:
    """Pad the texts with id 0 in consecutive batches, as `Model.predict` does."""
    offsets = offsets_of(_padded(texts.lengths, batch_size))
    ids = np.zeros(offsets[-1], np.int32)
    ids[np.arange(len(texts.ids)) + np.repeat(offsets[:-1] - texts.offsets[:-1], texts.lengths)] = texts.ids
    return Texts(ids, offsets)


def without_too_long(
    pairs: Pairs, batch_size: int, fault: Callable[[int, str, int], BadLine]
) -> tuple[Pairs, list[BadLine]]:
    """Shorten each text to one token that is too long to pad its batch to; return the pairs, and these texts as faults.

    Args:
        fault: returns a fault from a pair's index, a message, and 0 for its query or 1 for its value.
    """
    texts, faults = [pairs.query, pairs.value], []
    for side in range(len(texts)):
        while found := too_large_padding(texts[side].lengths, batch_size):
            text, message = found
            faults.append(fault(text, message, side))
            texts[side] = texts[side].shortened(text)
    return replace(pairs, query=texts[0], value=texts[1]), faults


def _padded(lengths: NDArray[np.int64], batch_size: int) -> NDArray[np.int64]:
    padded = lengths.copy()
    for start in range(0, len(padded), batch_size):
        batch = padded[start : start + batch_size]
        batch[:] = batch.max()
    return padded
