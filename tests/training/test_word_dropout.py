"""Word dropout replaces words of a single query by the unknown word, in both texts of a pair."""

from __future__ import annotations

import numpy as np
import pytest

from pairlens.config.training import WordDropout
from pairlens.texts.pairs import Pairs
from pairlens.texts.texts import Texts
from pairlens.training.word_dropout import changed_pairs, drop_words, words_of_one_query


@pytest.fixture
def pairs() -> Pairs:
    """Three pairs of two queries."""
    query = Texts.from_lists([[10, 11], [10, 11], [11, 12]])
    value = Texts.from_lists([[10, 13], [10, 14, 13], [15, 11, 13]])
    return Pairs(query, value, np.zeros(3, np.float32))


def test_words_of_one_query_only_occur_in_its_pairs(pairs: Pairs) -> None:
    # 11 is in both queries, 13 in values of both; 10 is in three texts, but all in the first query's pairs.
    assert words_of_one_query(pairs).tolist() == [10, 12, 14, 15]


def test_a_dropped_word_is_unknown_in_both_texts_of_its_pairs(pairs: Pairs) -> None:
    words = words_of_one_query(pairs)
    seen = set()
    for epoch in range(1, 60):
        read = drop_words(pairs, words, WordDropout(rate=0.5, unknown_id=1), 7, epoch)
        dropped = {
            int(before)
            for texts, its in ((pairs.query, read.query), (pairs.value, read.value))
            for before, after in zip(texts.ids, its.ids, strict=True)
            if before != after
        }
        expected = [[1 if word in dropped else word for word in text] for text in pairs.value]
        assert [text.tolist() for text in read.value] == expected
        assert read.query[0].tolist() == [1 if 10 in dropped else 10, 11]
        assert dropped <= set(words.tolist())
        seen.add(frozenset(dropped))
    assert len(seen) == 16  # every subset of the four words was dropped in some epoch


def test_the_rate_is_the_share_of_the_words() -> None:
    query = Texts.from_lists([[2 + i] for i in range(10_000)])
    pairs = Pairs(query, query)
    read = drop_words(pairs, words_of_one_query(pairs), WordDropout(rate=0.3, unknown_id=1), 1, 1)
    assert (read.query.ids == 1).mean() == pytest.approx(0.3, abs=0.02)
    np.testing.assert_array_equal(read.query.ids, read.value.ids)


def test_the_same_seed_and_epoch_drop_the_same(pairs: Pairs) -> None:
    words, dropout = words_of_one_query(pairs), WordDropout(rate=0.5)

    def ids(seed: int, epoch: int) -> list[int]:
        return drop_words(pairs, words, dropout, seed, epoch).value.ids.tolist()

    assert ids(1, 2) == ids(1, 2)
    assert len({tuple(ids(seed, epoch)) for seed in range(5) for epoch in range(5)}) > 5


def test_changed_pairs_differ_in_one_text_or_both() -> None:
    """Also after empty texts, but not where the dropped word is the unknown word."""
    pairs = Pairs(Texts.from_lists([[], [2], [], [3], [1], [4, 5]]), Texts.from_lists([[6], [], [7, 8], [3], [1], []]))
    words = words_of_one_query(pairs)
    found = set()
    for epoch in range(1, 60):
        read = drop_words(pairs, words, WordDropout(rate=0.5, unknown_id=1), 7, epoch)
        changed = [
            i
            for i in range(len(pairs))
            if (pairs.query[i] != read.query[i]).any() or (pairs.value[i] != read.value[i]).any()
        ]
        assert changed_pairs(pairs, read).tolist() == changed
        found |= set(changed)
    assert found == {0, 1, 2, 3, 5}
