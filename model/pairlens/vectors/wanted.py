"""The words to look up in a file of vectors, and the vectors found for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pairlens.errors import DataError
from pairlens.locations.location import Location

MAX_DIM = 8192  # numbers per vector; a file with more is damaged


@dataclass(frozen=True, slots=True)
class Vectors:
    """Vectors for a list of words.

    Attributes:
        matrix: float32 [words, dim]; zero for a word without a vector.
        found: bool [words], whether a word has a vector.
        rows: the count of vectors in the file.
        exact, lower_case: the counts of words found as they are, and of words found only in lower case.
        duplicates: the count of further vectors for words that had one; the first is used.
        undecodable: the count of words in the file that are not UTF-8, which match nothing.
    """

    matrix: NDArray[np.float32]
    found: NDArray[np.bool_]
    rows: int
    exact: int
    lower_case: int
    duplicates: int
    undecodable: int

    @property
    def dim(self) -> int:
        return int(self.matrix.shape[1])


class Wanted:
    """Collects the vectors of wanted words while a file is read. Only those vectors are kept in memory.

    Attributes:
        spellings: the wanted words, as they are and in lower case, in UTF-8.
        rows, undecodable: as in `Vectors`; counted by the reader.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self._words = [word.encode(errors="backslashreplace") for word in words]
        self._lowered = [word.lower().encode(errors="backslashreplace") for word in words]
        self.spellings = {spelling for spelling in (*self._words, *self._lowered) if spelling}
        self.rows = self.undecodable = 0
        self._duplicates = 0
        self._vectors: dict[bytes, NDArray[np.float32]] = {}

    def add(self, word: bytes, vector: NDArray[np.float32], place: str) -> None:
        """Keep the vector [dim] of a wanted word, unless it has one.

        Raises:
            DataError: a number is not finite; `place` is where the vector is in the file.
        """
        if not np.isfinite(vector).all():
            raise DataError(f"{place}: a number that is not finite as a 32-bit float; correct or remove this vector")
        if word in self._vectors:
            self._duplicates += 1
        else:
            self._vectors[word] = vector

    def vectors(self, path: Location, dim: int) -> Vectors:
        """The vectors found in the file at `path`. Raises DataError if there are none."""
        if not self._vectors:
            raise DataError(
                f"{path}: none of the {len(self._words)} words of the vocabulary has a vector here; "
                "check the language of the vectors and the data set of data.vocab"
            )
        matrix = np.zeros((len(self._words), dim), np.float32)
        found = np.zeros(len(self._words), np.bool_)
        exact = 0
        for row, (word, lowered) in enumerate(zip(self._words, self._lowered, strict=True)):
            vector = self._vectors.get(word)
            exact += vector is not None
            vector = self._vectors.get(lowered) if vector is None else vector
            if vector is not None:
                matrix[row], found[row] = vector, True
        lower_case = int(found.sum()) - exact
        return Vectors(matrix, found, self.rows, exact, lower_case, self._duplicates, self.undecodable)
