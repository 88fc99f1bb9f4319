"""Words as the character n-grams they are spelled with, so that `play`, `plays` and `playing` are near each other.

Bojanowski et al. 2017, "Enriching Word Vectors with Subword Information", 3.2: a word's n-grams with `<` and `>` at its
ends, and the word itself; weighted by inverse document frequency, and hashed into few columns (Weinberger et al. 2009,
"Feature Hashing for Large Scale Multitask Learning").
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

COLUMNS = 1024
_SHORTEST, _LONGEST = 2, 5


def spelling_features(vocabulary: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """The entries of the matrix [words, COLUMNS]: row, column, value, sorted by row and column; rows have length one.

    Entries like `<unk>` are no words, and their rows are empty.
    """
    number_of: dict[str, int] = {}
    numbers, lengths = array("q"), np.zeros(len(vocabulary), np.int64)
    for row, word in enumerate(vocabulary):
        grams = dict.fromkeys(ngrams(word))  # each once, always in the same order
        lengths[row] = len(grams)
        numbers.extend(number_of.setdefault(gram, len(number_of)) for gram in grams)
    numbered = np.array(numbers, np.int64)
    frequency = np.bincount(numbered, minlength=len(number_of))
    hashes = np.fromiter((crc32(gram.encode()) for gram in number_of), np.int64, len(number_of))
    weights = np.log(len(vocabulary) / frequency)
    signed = np.where(hashes & COLUMNS, weights, -weights)
    keys = np.repeat(np.arange(len(vocabulary)), lengths) * COLUMNS + hashes[numbered] % COLUMNS
    entries, inverse = np.unique(keys, return_inverse=True)
    values = np.bincount(inverse, signed[numbered], len(entries))
    rows, columns = np.divmod(entries, COLUMNS)
    norms = np.sqrt(np.bincount(rows, values**2, len(vocabulary)))
    kept = norms[rows] > 0
    return rows[kept], columns[kept], values[kept] / norms[rows[kept]]


def ngrams(word: str) -> Iterator[str]:
    """The n-grams of `<word>` of 2 to 5 characters, and all of it; none of what stands in `<>` or `[]` itself."""
    if word[:1] + word[-1:] in ("<>", "[]"):
        return
    whole = f"<{word}>"
    for n in range(_SHORTEST, min(_LONGEST, len(whole) - 1) + 1):
        for start in range(len(whole) - n + 1):
            yield whole[start : start + n]
    yield whole
