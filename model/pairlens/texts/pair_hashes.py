"""Hashes of pairs, to find equal pairs among many."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pairlens.texts.pairs import Pairs
from pairlens.texts.texts import Texts


def hashes_of_pairs(pairs: Pairs) -> NDArray[np.uint64]:
    """A 64-bit hash of every pair, uint64 [pairs]: equal for equal pairs, practically never for others."""
    return np.add(_hash(pairs.query, seed=1), _hash(pairs.value, seed=2))


def pairs_with_several_labels(pairs: Pairs) -> list[tuple[int, int]]:
    """For every distinct pair with more than one label, the indices of two occurrences with different labels."""
    assert pairs.label is not None
    hashes = hashes_of_pairs(pairs)
    order = np.lexsort((pairs.label, hashes))
    hash_, label = hashes[order], pairs.label[order]
    change = np.flatnonzero((hash_[1:] == hash_[:-1]) & (label[1:] != label[:-1]))
    change = change[np.unique(hash_[change], return_index=True)[1]]
    return sorted((min(two), max(two)) for two in zip(order[change].tolist(), order[change + 1].tolist(), strict=True))


def _hash(texts: Texts, seed: int) -> NDArray[np.uint64]:
    """For each text, the sum of each position's random number times the mixed id, plus the length times another."""
    # The first numbers are the same however many are drawn, so a text's hash does not depend on other texts.
    numbers = np.random.default_rng(seed).integers(0, 2**64, int(texts.lengths.max(initial=0)) + 1, np.uint64)
    numbers |= np.uint64(1)
    position = 1 + np.arange(len(texts.ids)) - np.repeat(texts.offsets[:-1], texts.lengths)
    mixed = (texts.ids.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(32)
    totals = np.concatenate([np.zeros(1, np.uint64), np.cumsum(mixed * numbers[position], dtype=np.uint64)])
    sums = totals[texts.offsets[1:]] - totals[texts.offsets[:-1]]
    hashes: NDArray[np.uint64] = sums + texts.lengths.astype(np.uint64) * numbers[0]
    return hashes
