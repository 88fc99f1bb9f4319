"""The train pairs as each epoch reads them: with weights, overlap features, dropped words, and drawn negatives."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pairlens.config.schema import Config
from pairlens.config.tasks import GROUP_LOSSES
from pairlens.texts.overlap import overlap_features
from pairlens.texts.pairs import Pairs
from pairlens.training.batches import Batches, training_batches
from pairlens.training.losses import loss_name
from pairlens.training.negatives import drawn_pairs
from pairlens.training.pair_weights import pair_weights
from pairlens.training.word_dropout import changed_pairs, drop_words, words_of_one_query

Floats = NDArray[np.float32]


class Epochs:
    """The batches of every epoch of a training.

    Args:
        idf: float32 [input_dim], for a model with `overlap`.

    Raises:
        DataError: as `pair_weights`.
    """

    def __init__(self, config: Config, train: Pairs, idf: Floats) -> None:
        self._training = config.training
        self._by_group = loss_name(config) in GROUP_LOSSES
        self._idf = idf
        self._train = replace(train, weight=pair_weights(config, train))
        self._overlap = self._overlap_of(self._train) if config.model.overlap else None
        self._rare = words_of_one_query(train) if config.training.word_dropout.rate else None

    def batches(self, epoch: int) -> Batches:
        """The batches of an epoch (from 1), the same on every call."""
        read, overlap = self._drawn(*self._read(epoch), epoch)
        return training_batches(read, self._training.batch_size, self._training.seed, epoch, overlap, self._by_group)

    def _read(self, epoch: int) -> tuple[Pairs, Floats | None]:
        """The pairs as the epoch reads them, and their overlap features, computed again where a word was dropped."""
        if self._rare is None:
            return self._train, self._overlap
        read = drop_words(self._train, self._rare, self._training.word_dropout, self._training.seed, epoch)
        if self._overlap is None:
            return read, None
        overlap, changed = self._overlap.copy(), changed_pairs(self._train, read)
        overlap[changed] = self._overlap_of(read.take(changed))
        return read, overlap

    def _drawn(self, read: Pairs, overlap: Floats | None, epoch: int) -> tuple[Pairs, Floats | None]:
        """The pairs, and their overlap features, without the negatives that it leaves out; weights have mean 1."""
        if self._training.negatives is None:
            return read, overlap
        drawn = drawn_pairs(read, self._training.negatives, self._training.seed, epoch)
        taken = read.take(drawn)
        assert taken.weight is not None
        mean = taken.weight.mean(dtype=np.float64) or 1.0  # 0 if no pair that was drawn counts
        weighted = replace(taken, weight=(taken.weight / mean).astype(np.float32))
        return weighted, None if overlap is None else overlap[drawn]

    def _overlap_of(self, pairs: Pairs) -> Floats:
        return overlap_features(pairs.query, pairs.value, self._idf)
