"""Word dropout: in training, words that only occur in the pairs of one query are randomly replaced by the unknown word.

In new texts, all words that training never saw have the same id, and the model has to learn that two of them are seldom
the same word. Without the pairs of one query, just these words would be unknown. After Kiperwasser and Goldberg 2016,
"Simple and Accurate Dependency Parsing Using Bidirectional LSTM Feature Representations", section 6, but by word
instead of by token: a word is dropped in both texts of a pair.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pairlens.config.training import WordDropout
from pairlens.texts.pairs import Pairs, groups_of
from pairlens.texts.texts import Texts


def words_of_one_query(pairs: Pairs) -> NDArray[np.int32]:
    """The sorted ids that occur in the pairs of only one query, in its text or in the values."""
    number = groups_of(pairs.query)
    ids = np.concatenate([pairs.query.ids, pairs.value.ids]).astype(np.int64)
    query_of = np.concatenate([np.repeat(number, texts.lengths) for texts in (pairs.query, pairs.value)])
    keys = np.unique(ids * len(pairs) + query_of)  # each pair of a word and a query once
    found, queries = np.unique(keys // len(pairs), return_counts=True)
    words: NDArray[np.int32] = found[queries == 1].astype(np.int32)
    return words


def drop_words(pairs: Pairs, words: NDArray[np.int32], dropout: WordDropout, seed: int, epoch: int) -> Pairs:
    """Replace a share of the words, drawn for each epoch, by `dropout.unknown_id` in all pairs."""
    random = np.random.default_rng((seed, epoch, 1))  # 1: not the stream of the batches' order
    dropped = words[random.random(len(words)) < dropout.rate]

    def read(texts: Texts) -> Texts:
        return replace(texts, ids=np.where(np.isin(texts.ids, dropped), np.int32(dropout.unknown_id), texts.ids))

    return replace(pairs, query=read(pairs.query), value=read(pairs.value))


def changed_pairs(pairs: Pairs, read: Pairs) -> NDArray[np.int64]:
    """The indices of the pairs whose ids differ in `read`, which has texts of the same lengths."""
    sides = ((pairs.query, read.query), (pairs.value, read.value))
    changed = [np.searchsorted(old.offsets, np.flatnonzero(old.ids != new.ids), side="right") - 1 for old, new in sides]
    return np.unique(np.concatenate(changed))
