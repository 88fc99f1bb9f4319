"""The nearest texts of each text, by the cosine of their tf-idf vectors (Salton and Buckley 1988).

The weight of a word is its count in the text times ln((n + 1) / (df + 1)): of n texts, df have the word.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pairlens.texts.texts import Texts, offsets_of

Ints = NDArray[np.int64]

# How many texts are compared with a text: the occurrences of its rarest words, which include its own. Frequent words
# alone make no text near, and comparing all texts that share one takes time that grows with the square of their number.
CANDIDATES = 1000


class NearestTexts:
    """Texts as tf-idf vectors, and for each word the texts that have it.

    Words are numbered from the rarest to the most frequent one, so that each text's vector begins with its rarest.
    """

    def __init__(self, texts: Texts) -> None:
        n, words = len(texts), int(texts.ids.max(initial=0)) + 1
        owner = np.repeat(np.arange(n), texts.lengths)
        distinct, times = np.unique(owner * words + texts.ids, return_counts=True)  # the words of each text
        frequency = np.bincount(distinct % words, minlength=words)
        rank = np.argsort(np.argsort(frequency, kind="stable"))  # of each word, from the rarest
        renumbered = distinct - distinct % words + rank[distinct % words]
        order, frequency = np.argsort(renumbered), np.sort(frequency)
        owner, word = np.divmod(renumbered[order], words)
        weight = times[order] * np.log((n + 1) / (frequency[word] + 1))
        length = np.sqrt(np.bincount(owner, weight**2, n))[owner]
        self._weight = np.divide(weight, length, out=np.zeros(len(weight)), where=length > 0).astype(np.float32)
        self._word, self._offsets = word.astype(np.int32), offsets_of(np.bincount(owner, minlength=n))
        self._owner, self._owners_of = owner[np.argsort(word, kind="stable")].astype(np.int32), offsets_of(frequency)
        self._vector = np.zeros(words)  # of one text at a time

    def nearest(self, text: int, count: int) -> Ints:
        """The numbers of the `count` nearest other texts, the nearest first; of equally near ones the first.

        There are fewer if fewer share a word with it. Only texts that share its rarest words are compared, up to
        `CANDIDATES` of them; their cosines are exact.
        """
        candidates = self._candidates(text)
        cosine = self._cosines(text, candidates)
        chosen = np.argsort(-cosine, kind="stable")[:count]
        near: Ints = candidates[chosen[cosine[chosen] > 0]]
        return near

    def _candidates(self, text: int) -> Ints:
        """The other texts that share its rarest words, by number; where not all have room, those after the text."""
        found, room = [np.empty(0, np.int32)], CANDIDATES
        for word in self._word[self._offsets[text] : self._offsets[text + 1]].tolist():
            owners = self._owner[self._owners_of[word] : self._owners_of[word + 1]]
            first = min(int(np.searchsorted(owners, text)), max(len(owners) - room, 0))
            found.append(owners[first : first + room])
            room -= len(found[-1])
            if not room:
                break
        sharing = np.unique(np.concatenate(found))
        others: Ints = sharing[sharing != text].astype(np.int64)
        return others

    def _cosines(self, text: int, others: Ints) -> NDArray[np.float64]:
        """The cosine of a text with each of some others [n], which have at least one word."""
        if not len(others):
            return np.empty(0)
        own = slice(self._offsets[text], self._offsets[text + 1])
        self._vector[self._word[own]] = self._weight[own]
        lengths = self._offsets[others + 1] - self._offsets[others]
        starts = offsets_of(lengths)
        at = np.arange(starts[-1]) + np.repeat(self._offsets[others] - starts[:-1], lengths)
        products = self._vector[self._word[at]] * self._weight[at]
        self._vector[self._word[own]] = 0
        cosines: NDArray[np.float64] = np.add.reduceat(products, starts[:-1])
        return cosines
