"""Batches for training: pairs of similar length together, padded to the longest, in an order drawn from a seed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairlens.pairs import Pairs, Texts

Ints = NDArray[np.int32]

_WINDOW = 32  # batches sorted by length together: long enough to save padding, short enough to stay random


class Batch(NamedTuple):
    """Padded pairs: `query` [B, Tq] and `value` [B, Tv] int32, their true lengths int32 [B], `label` float32 [B]."""

    query: Ints
    query_length: Ints
    value: Ints
    value_length: Ints
    label: NDArray[np.float32]


def training_batches(pairs: Pairs, batch_size: int, seed: int, epoch: int, start: int = 0) -> Iterator[Batch]:
    """The batches of an epoch, from number `start` on; the same for the same seed and epoch.

    Every pair comes once. Batches hold pairs of similar length, and they follow each other in random order.
    """
    assert pairs.label is not None
    for indices in _order(pairs, batch_size, seed, epoch)[start:]:
        yield Batch(*pad(pairs.query, indices), *pad(pairs.value, indices), pairs.label[indices])


def pad(texts: Texts, indices: NDArray[np.int64]) -> tuple[Ints, Ints]:
    """The texts at `indices` [B] as ids [B, T], zero after their true lengths [B]; T is the longest, at least 1."""
    taken = texts.take(indices)
    lengths = taken.lengths.astype(np.int32)
    width = max(int(lengths.max(initial=0)), 1)
    ids = np.zeros((len(indices), width), np.int32)
    ids[np.arange(width) < lengths[:, np.newaxis]] = taken.ids
    return ids, lengths


def _order(pairs: Pairs, batch_size: int, seed: int, epoch: int) -> list[NDArray[np.int64]]:
    random = np.random.default_rng((seed, epoch))
    shuffled = random.permutation(len(pairs))
    query_length, value_length = pairs.query.lengths, pairs.value.lengths
    batches: list[NDArray[np.int64]] = []
    for start in range(0, len(shuffled), _WINDOW * batch_size):
        window = shuffled[start : start + _WINDOW * batch_size]
        window = window[np.argsort(query_length[window] + value_length[window], kind="stable")]
        batches += [window[i : i + batch_size] for i in range(0, len(window), batch_size)]
    random.shuffle(batches)
    return batches
