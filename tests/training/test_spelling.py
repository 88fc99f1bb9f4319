"""Words as bags of their character n-grams."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pairlens.training.spelling import COLUMNS, ngrams, spelling_features


def matrix(vocabulary: list[str]) -> np.ndarray:
    rows, columns, values = spelling_features(vocabulary)
    dense = np.zeros((len(vocabulary), COLUMNS))
    np.add.at(dense, (rows, columns), values)
    return dense


def test_the_ngrams_of_a_word_and_its_ends() -> None:
    assert list(ngrams("cat")) == [*("<c", "ca", "at", "t>"), *("<ca", "cat", "at>"), *("<cat", "cat>"), "<cat>"]
    assert list(ngrams("猫")) == ["<猫", "猫>", "<猫>"]  # up to 2 characters, and the whole
    assert len(list(ngrams("antidisestablishmentarianism"))) == 29 + 28 + 27 + 26 + 1


def test_special_tokens_have_no_ngrams() -> None:
    assert [list(ngrams(entry)) for entry in ("<pad>", "<unk>", "[UNK]")] == [[], [], []]
    assert not matrix(["<pad>", "cat", "dog"])[0].any()


def test_words_spelled_alike_are_near_each_other() -> None:
    others = [
        a + b for a in ("moon", "tree", "river", "stone", "cloud") for b in ("light", "side", "house", "", "work")
    ]
    play, plays, replay, garden = matrix(["play", "plays", "replay", "garden", *others])[:4]
    assert play @ plays > 0.4
    assert play @ replay > 0.4
    assert abs(play @ garden) < 0.1


def test_an_ngram_of_every_word_has_no_weight() -> None:
    assert not matrix(["same", "same"]).any()  # idf: ln 2/2
    one, other = matrix(["a1", "a2"])
    assert one @ other == 0.0  # they only share `<a`


@given(st.lists(st.text(min_size=0, max_size=8), max_size=30))
def test_rows_have_length_one_or_zero_whatever_the_words(vocabulary: list[str]) -> None:
    rows, columns, values = spelling_features(vocabulary)
    assert np.isfinite(values).all()
    assert ((columns >= 0) & (columns < COLUMNS)).all()
    entries = rows * COLUMNS + columns
    assert (np.diff(entries) > 0).all()  # sorted and distinct
    lengths = np.sqrt(np.bincount(rows, values**2, len(vocabulary))) if vocabulary else np.zeros(0)
    assert (np.isclose(lengths, 1.0) | (lengths == 0.0)).all()
