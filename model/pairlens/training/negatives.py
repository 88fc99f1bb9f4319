"""Draws, for each epoch of a ranking, some of the negatives of each group."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pairlens.config.schema import Config
from pairlens.texts.pairs import Pairs


def pairs_read(config: Config, train: Pairs) -> int:
    """How many pairs every epoch of a training reads."""
    training = config.training
    return len(train) if training.negatives is None else len(drawn_pairs(train, training.negatives, training.seed, 1))


def drawn_pairs(pairs: Pairs, negatives: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """The indices of the pairs that an epoch reads, ascending: all positives, and at random at most `negatives` times
    as many negatives of the same group. The same seed and epoch draw the same pairs."""
    assert pairs.label is not None
    assert pairs.group is not None
    group = np.unique(pairs.group, return_inverse=True)[1]
    positive = pairs.label > 0.5
    random = np.random.default_rng((seed, epoch, 2))  # 2: not the streams of the batches' order and of dropped words
    order = np.lexsort((random.random(len(pairs)), positive, group))  # by group: the negatives, shuffled, come first
    first = np.searchsorted(group[order], group)  # the place in `order` at which a pair's group begins
    place = np.empty(len(pairs), np.int64)
    place[order] = np.arange(len(pairs))
    allowed = negatives * np.bincount(group, positive)[group]
    return np.flatnonzero(positive | (place - first < allowed))
