"""Word dropout: in training, words that the pairs of a single query hold are now and then read as the unknown word.

Words of new texts that training never saw stand there as one id, and a model has to learn what that is worth: two of
them are seldom the same word. A text kept out of training would leave just these words unknown. After Kiperwasser and
Goldberg 2016, "Simple and Accurate Dependency Parsing Using Bidirectional LSTM Feature Representations", section 6, but
by word instead of by token: a word that both texts of a pair hold is unknown in both.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pairlens.config.training import WordDropout
from pairlens.texts.pairs import Pairs, groups_of
from pairlens.texts.texts import Texts


def words_of_one_query(pairs: Pairs) -> NDArray[np.int32]:
    """The ids that occur in the pairs of one query only, in their queries or in their values; sorted."""
    number = groups_of(pairs.query)
    ids = np.concatenate([pairs.query.ids, pairs.value.ids]).astype(np.int64)
    query_of = np.concatenate([np.repeat(number, texts.lengths) for texts in (pairs.query, pairs.value)])
    keys = np.unique(ids * len(pairs) + query_of)  # a word and a query, each two of them once
    found, queries = np.unique(keys // len(pairs), return_counts=True)
    words: NDArray[np.int32] = found[queries == 1].astype(np.int32)
    return words


def drop_words(pairs: Pairs, words: NDArray[np.int32], dropout: WordDropout, seed: int, epoch: int) -> Pairs:
    """The pairs with a share of the words, drawn anew for each epoch, as `dropout.unknown_id`."""
    random = np.random.default_rng((seed, epoch, 1))  # 1: another stream than that of the batches' order
    dropped = words[random.random(len(words)) < dropout.rate]

    def read(texts: Texts) -> Texts:
        return replace(texts, ids=np.where(np.isin(texts.ids, dropped), np.int32(dropout.unknown_id), texts.ids))

    return replace(pairs, query=read(pairs.query), value=read(pairs.value))


def changed_pairs(pairs: Pairs, read: Pairs) -> NDArray[np.int64]:
    """The numbers of the pairs in which `read`, of the same lengths, has other ids."""
    sides = ((pairs.query, read.query), (pairs.value, read.value))
    changed = [np.searchsorted(old.offsets, np.flatnonzero(old.ids != new.ids), side="right") - 1 for old, new in sides]
    return np.unique(np.concatenate(changed))
