"""Ragged texts: one array of ids and one array of offsets, whatever the number of texts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pairlens.errors import DataError

ID_LIMIT = 2**31  # ids are int32


def index_occurring_ids(vocabulary: int, *ids: NDArray[np.int32]) -> tuple[NDArray[np.bool_], NDArray[np.int32]]:
    """Which ids below `vocabulary` occur, and the index of each occurring id among them: both [vocabulary]."""
    occurs = np.zeros(vocabulary, np.bool_)
    for some in ids:
        occurs[some] = True
    return occurs, np.cumsum(occurs, dtype=np.int32) - np.int32(1)


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """Ragged token texts: text i is `ids[offsets[i]:offsets[i + 1]]`.

    Integers of another type or memory layout than the kernels read are copied.

    Attributes:
        ids: int32 [total tokens].
        offsets: int64 [texts + 1]; the first is 0, the last is the total.

    Raises:
        DataError: an array is not of integers [n], an integer is too large, or the offsets do not span the ids.
    """

    ids: NDArray[np.int32]
    offsets: NDArray[np.int64]

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", _laid_out("ids", self.ids, np.dtype(np.int32)))
        object.__setattr__(self, "offsets", _laid_out("offsets", self.offsets, np.dtype(np.int64)))
        if not len(self.offsets) or self.offsets[0] != 0 or self.offsets[-1] != len(self.ids):
            ends = f"{self.offsets[0]} to {self.offsets[-1]}" if len(self.offsets) else "nothing"
            raise DataError(f"offsets of texts: found {ends}; must go from 0 to the count of ids, {len(self.ids)}")

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, i: int) -> NDArray[np.int32]:
        """The ids of text `i`, a view; a negative `i` counts from the end."""
        return self.ids[self.offsets[:-1][i] : self.offsets[1:][i]]

    def __iter__(self) -> Iterator[NDArray[np.int32]]:
        return map(self.__getitem__, range(len(self)))

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each text, int64 [texts]."""
        return np.diff(self.offsets)

    def words(self, mask_zero: bool) -> NDArray[np.int64]:
        """Tokens of each text, int64 [texts]; with `mask_zero` without those of id 0, which are padding."""
        return np.diff(words_before(self.ids)[self.offsets]) if mask_zero else self.lengths

    def shortened(self, text: int) -> Texts:
        """A copy in which one text is cut to its first token."""
        first, end = self.offsets[text : text + 2].tolist()
        offsets = self.offsets.copy()
        offsets[text + 1 :] -= end - first - 1
        return Texts(np.delete(self.ids, np.s_[first + 1 : end]), offsets)

    def take(self, indices: NDArray[np.int64]) -> Texts:
        """The texts at `indices` [n], in that order; a text may be taken more than once."""
        lengths = self.lengths[indices]
        offsets = offsets_of(lengths)
        shift = self.offsets[:-1][indices] - offsets[:-1]  # from a token's index in the result to its index here
        return Texts(self.ids[np.arange(offsets[-1]) + np.repeat(shift, lengths)], offsets)

    def truncated(self, length: int) -> Texts:
        """The first `length` tokens of each text."""
        kept = np.minimum(self.lengths, length)
        offsets = offsets_of(kept)
        return Texts(self.ids[np.arange(offsets[-1]) + np.repeat(self.offsets[:-1] - offsets[:-1], kept)], offsets)

    @classmethod
    def from_lists(cls, texts: Iterable[Sequence[int] | NDArray[Any]]) -> Texts:
        """Texts from Python lists or arrays of integers from 0 to 2147483647.

        Raises:
            DataError: a text contains anything else; the message names the text's index.
        """
        arrays = [_as_integers(text, index) for index, text in enumerate(texts)]
        offsets = offsets_of([len(array) for array in arrays])
        wide = np.concatenate([np.empty(0, np.int64), *arrays], dtype=np.int64, casting="unsafe")
        bad = np.flatnonzero((wide < 0) | (wide >= ID_LIMIT))
        if len(bad):
            index = int(np.searchsorted(offsets, bad[0], side="right")) - 1
            raise _not_an_id(index, arrays[index][bad[0] - offsets[index]])
        return cls(wide.astype(np.int32), offsets)

    @classmethod
    def concatenate(cls, parts: Sequence[Texts]) -> Texts:
        """The texts of all parts, in order."""
        ids = np.concatenate([np.empty(0, np.int32), *(part.ids for part in parts)])
        return cls(ids, offsets_of(np.concatenate([np.empty(0, np.int64), *(part.lengths for part in parts)])))


TextsLike = Texts | Iterable[Sequence[int] | NDArray[np.integer] | str]  # what callers may pass as texts


def words_before(ids: NDArray[np.int32]) -> NDArray[np.int64]:
    """For each id, the count of ids before it that are not 0, and last the total: int64 [ids + 1]."""
    return offsets_of(ids != 0)


def offsets_of(lengths: NDArray[np.int64] | NDArray[np.bool_] | Sequence[int]) -> NDArray[np.int64]:
    """Where each of `n` consecutive parts begins, and where the last one ends: int64 [n + 1]."""
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def _laid_out(what: str, given: Any, dtype: np.dtype[Any]) -> NDArray[Any]:
    """The array itself if the kernels can read it, else a copy for them."""
    array = np.asarray(given)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise DataError(f"{what} of texts: found {array.dtype} {list(array.shape)}; must be integers [n]")
    if array.dtype == dtype and array.flags.c_contiguous and array.flags.aligned:
        return array
    limits = np.iinfo(dtype)
    if array.size and not (limits.min <= array.min() and array.max() <= limits.max):
        raise DataError(f"{what} of texts: from {array.min()} to {array.max()}; must be {dtype.name}")
    return np.require(array, dtype, ["C", "A"])


def _as_integers(text: Any, index: int) -> NDArray[np.integer]:
    """An integer array of any width [tokens]. Its range is checked later, for all texts at once."""
    try:
        array = np.asarray(text)
    except ValueError:  # lists of unequal lengths in a list
        array = np.asarray(None)
    if array.ndim != 1:
        raise DataError(f"text {index}: not a sequence of ids")
    if array.dtype.kind in "iu":
        return array
    for item in text:  # NumPy found a common type for all items; find the item at fault
        if isinstance(item, (bool, np.bool)) or not isinstance(item, (int, np.integer)) or not 0 <= item < ID_LIMIT:
            raise _not_an_id(index, item)
    return array.astype(np.int64)  # no items, or an array of Python integers


def _not_an_id(index: int, item: object) -> DataError:
    shown = item.item() if isinstance(item, np.generic) else item
    return DataError(f"text {index}: {shown!r} is not an id: ids are integers from 0 to {ID_LIMIT - 1}")
