"""The nearest texts: cosines by hand and by a dense matrix, and the bound on how many texts are compared."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pairlens.texts import nearest as module
from pairlens.texts.nearest import NearestTexts
from pairlens.texts.texts import Texts


def nearest(texts: list[list[int]], count: int) -> list[list[int]]:
    found = NearestTexts(Texts.from_lists(texts))
    return [found.nearest(text, count).tolist() for text in range(len(texts))]


def dense_cosines(texts: list[list[int]]) -> np.ndarray:
    """The cosines of all texts with each other, from a dense matrix of counts: float64 [texts, texts]."""
    counts = np.zeros((len(texts), 1 + max((id_ for text in texts for id_ in text), default=0)))
    for row, text in zip(counts, texts, strict=True):
        np.add.at(row, text, 1)
    vectors = counts * np.log((len(texts) + 1) / ((counts > 0).sum(axis=0) + 1))
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return vectors @ vectors.T


def test_the_rarer_the_shared_word_the_nearer() -> None:
    # Word 0 is in four of five texts, word 1 in two: ln(6 / 5) = .18, ln(6 / 3) = .69; the others only in one: 1.10.
    texts = [[0, 1, 2], [0, 3, 4], [1, 5, 6], [0, 7], [0, 8, 9]]
    # Text 0 has length √(.18² + .69² + 1.10²) = 1.31. Its cosine with text 2, by word 1, is .48 / (1.31 · 1.70) = .22;
    # with text 3, by word 0, .033 / (1.31 · 1.11) = .023; with texts 1 and 4 .033 / (1.31 · 1.56) = .016.
    assert nearest(texts, 4)[0] == [2, 3, 1, 4]
    assert nearest(texts, 2)[0] == [2, 3]


def test_a_word_that_is_repeated_counts_more() -> None:
    assert nearest([[1, 1, 1, 2], [1, 3, 3], [2, 3, 3], [4]], 1)[0] == [1]


def test_without_a_shared_word_that_tells_something_nothing_is_near() -> None:
    """A word that all texts have tells nothing."""
    assert nearest([[0, 1], [0, 2], [0, 3], [0]], 3) == [[], [], [], []]
    assert nearest([[1], [], [2]], 3) == [[], [], []]
    assert nearest([[]], 1) == [[]]
    assert nearest([], 1) == []


@settings(max_examples=60)
@given(st.lists(st.lists(st.integers(0, 12), max_size=8), max_size=25), st.integers(1, 5))
def test_as_a_dense_matrix_has_it(texts: list[list[int]], count: int) -> None:
    cosines = dense_cosines(texts) if texts else np.zeros((0, 0))
    for text, found in enumerate(nearest(texts, count)):
        others = np.delete(np.arange(len(texts)), text)
        highest = np.sort(cosines[text, others])[::-1][:count]
        assert cosines[text, found] == pytest.approx(highest[highest > 1e-9], abs=1e-6)
        assert text not in found
        assert len(set(found)) == len(found)


def test_texts_with_the_rarest_words_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the texts that share only a frequent word, those after a text are compared, or the last ones.

    A text has each of its words, so that it takes one of the places itself.
    """
    monkeypatch.setattr(module, "CANDIDATES", 4)
    # Word 0 is in all but the last text; text 9 shares the rare word 20 with text 2.
    texts = [[0, 10 + number] for number in range(12)] + [[99]]
    texts[2], texts[9] = [0, 20], [0, 20]
    found = nearest(texts, 12)
    assert found[9] == [2, 10]  # 2 and 9 have word 20; two places are left, for 9 and 10, which have word 0
    assert sorted(found[4]) == [5, 6]  # one place for word 14, three for 4, 5 and 6, which have word 0
    assert sorted(found[11]) == [9, 10]
    assert found[12] == []
