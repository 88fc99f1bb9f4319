"""Words as bags of their character n-grams, so that `play`, `plays` and `playing` are near each other.

Bojanowski et al. 2017, "Enriching Word Vectors with Subword Information", 3.2: a word's n-grams with `<` and `>` at its
ends, and the word itself; weighted by inverse document frequency and hashed into COLUMNS columns (Weinberger et al.
2009, "Feature Hashing for Large Scale Multitask Learning").
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

COLUMNS = 1024
_SHORTEST, _LONGEST = 2, 5


class Entries(NamedTuple):
    """A sparse matrix: int64 rows and columns [n], sorted by row, and float64 values [n]."""

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    values: NDArray[np.float64]


def spelling_features(vocabulary: Sequence[str]) -> Entries:
    """The matrix [words, COLUMNS], with rows of length 1, sorted by row and column.

    Rows of special tokens such as `<unk>` are empty.
    """
    number_of: dict[str, int] = {}  # number of each n-gram
    numbers, lengths = array("q"), np.zeros(len(vocabulary), np.int64)
    for row, word in enumerate(vocabulary):
        grams = dict.fromkeys(ngrams(word))  # distinct, in a fixed order
        lengths[row] = len(grams)
        numbers.extend(number_of.setdefault(gram, len(number_of)) for gram in grams)
    gram_of = np.array(numbers, np.int64)  # of all words, concatenated
    word_of = np.repeat(np.arange(len(vocabulary)), lengths)
    idf = np.log(len(vocabulary) / np.bincount(gram_of, minlength=len(number_of)))
    hashes = np.fromiter((crc32(gram.encode()) for gram in number_of), np.int64, len(number_of))
    column, signed = hashes % COLUMNS, np.where(hashes & COLUMNS, idf, -idf)  # the sign is the next bit of the hash
    keys, entry_of = np.unique(word_of * COLUMNS + column[gram_of], return_inverse=True)
    values = np.bincount(entry_of, signed[gram_of], len(keys))
    rows, columns = np.divmod(keys, COLUMNS)
    norms = np.sqrt(np.bincount(rows, values**2, len(vocabulary)))
    kept = norms[rows] > 0
    return Entries(rows[kept], columns[kept], values[kept] / norms[rows[kept]])


def ngrams(word: str) -> Iterator[str]:
    """Yield the n-grams of `<word>` of 2 to 5 characters, and all of `<word>`; none for `<...>` and `[...]`."""
    if word[:1] + word[-1:] in ("<>", "[]"):
        return
    whole = f"<{word}>"
    for n in range(_SHORTEST, min(_LONGEST, len(whole) - 1) + 1):
        for start in range(len(whole) - n + 1):
            yield whole[start : start + n]
    yield whole
