"""Batches for training: pairs of similar length together, padded to the longest, in an order drawn from a seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairlens.texts.pairs import Pairs
from pairlens.texts.texts import Texts

Ints = NDArray[np.int32]
Floats = NDArray[np.float32]
Indices = NDArray[np.int64]

_WINDOW = 32  # batches sorted by length together: long enough to save padding, short enough to stay random


class Batch(NamedTuple):
    """Padded pairs.

    `query` [B, Tq] and `value` [B, Tv] int32, their true lengths int32 [B], `overlap` float32 [B, features or 0],
    `label` as `Pairs` has it and `weight` float32 [B], `group` int32 [B].
    """

    query: Ints
    query_length: Ints
    value: Ints
    value_length: Ints
    overlap: Floats
    label: Floats
    weight: Floats
    group: Ints


class Batches(Sequence[Batch]):
    """The batches of an epoch, each made on access; see `training_batches`."""

    def __init__(self, pairs: Pairs, order: list[Indices], overlap: Floats | None) -> None:
        count = len(pairs)
        self._pairs = pairs
        self._order = order
        self._overlap = np.zeros((count, 0), np.float32) if overlap is None else overlap
        self._weight = np.ones(count, np.float32) if pairs.weight is None else pairs.weight
        self._group = np.zeros(count, np.int32) if pairs.group is None else _numbered(pairs.group)

    def __len__(self) -> int:
        return len(self._order)

    def __getitem__(self, number: int) -> Batch:  # type: ignore[override]  # no slices
        i = self._order[number]
        assert self._pairs.label is not None
        texts = *pad(self._pairs.query, i), *pad(self._pairs.value, i)
        return Batch(*texts, self._overlap[i], self._pairs.label[i], self._weight[i], self._group[i])


def training_batches(
    pairs: Pairs, batch_size: int, seed: int, epoch: int, overlap: Floats | None = None, by_group: bool = False
) -> Batches:
    """Return the batches of an epoch, the same for the same seed and epoch.

    Every pair occurs once, and the batches are in random order. A batch contains pairs of similar length, or with
    `by_group` whole groups, until it is full. `overlap` is float32 [pairs, features].
    """
    random = np.random.default_rng((seed, epoch))
    order = _by_group(pairs, batch_size, random) if by_group else _by_length(pairs, batch_size, random)
    return Batches(pairs, order, overlap)


def pad(texts: Texts, indices: Indices) -> tuple[Ints, Ints]:
    """The texts at `indices` [B] as ids [B, T], zero after their true lengths [B]; T is the longest, at least 1."""
    taken = texts.take(indices)
    lengths = taken.lengths.astype(np.int32)
    width = max(int(lengths.max(initial=0)), 1)
    ids = np.zeros((len(indices), width), np.int32)
    ids[np.arange(width) < lengths[:, np.newaxis]] = taken.ids
    return ids, lengths


def _by_length(pairs: Pairs, batch_size: int, random: np.random.Generator) -> list[Indices]:
    shuffled = random.permutation(len(pairs))
    lengths = np.maximum(pairs.query.lengths, pairs.value.lengths)  # needs less padding than sorting by their sum
    batches: list[Indices] = []
    for start in range(0, len(shuffled), _WINDOW * batch_size):
        window = shuffled[start : start + _WINDOW * batch_size]
        window = window[np.argsort(lengths[window], kind="stable")]
        batches += [window[i : i + batch_size] for i in range(0, len(window), batch_size)]
    random.shuffle(batches)
    return batches


def _by_group(pairs: Pairs, batch_size: int, random: np.random.Generator) -> list[Indices]:
    assert pairs.group is not None
    group = _numbered(pairs.group)
    members = np.split(np.argsort(group, kind="stable"), np.cumsum(np.bincount(group))[:-1])
    batches: list[list[Indices]] = [[]]
    for number in random.permutation(len(members)):
        if sum(map(len, batches[-1])) >= batch_size:
            batches.append([])
        batches[-1].append(members[number])
    return [np.concatenate(batch) for batch in batches]


def _numbered(group: Indices) -> Ints:
    """Number the groups from 0."""
    return np.unique(group, return_inverse=True)[1].astype(np.int32)
