"""What callers pass as texts, labels and groups: lists, arrays, and columns of any library's tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pairlens.errors import DataError
from pairlens.texts.texts import Texts, TextsLike

NumbersLike = Iterable[float] | NDArray[Any]


def listed(texts: TextsLike) -> Texts | list[Any]:
    """Texts as they are, or a list of those of a column: of a list, an array, or a table of any library.

    A single string is a list of one. Raises DataError for a whole table, and for what holds no texts.
    """
    if isinstance(texts, (Texts, str)):
        return [texts] if isinstance(texts, str) else texts
    if isinstance(texts, Mapping) or hasattr(type(texts), "columns"):  # to read it of a lazy table would compute it
        raise DataError(f"found a table, a {type(texts).__name__}; give one of its columns")
    try:
        items = iter(texts.to_pylist() if hasattr(texts, "to_pylist") else texts)  # items of pyarrow are no strings
    except TypeError:
        found = type(texts).__name__
        raise DataError(f"found a value of type {found}; give texts, or token ids of texts, as a list") from None
    return list(items)


def given_ids(texts: TextsLike) -> Texts:
    """Texts of token ids. Raises DataError if they are anything else."""
    found = listed(texts)
    return found if isinstance(found, Texts) else Texts.from_lists(found)


def given_labels(label: NumbersLike, pairs: int) -> NDArray[np.float32]:
    """Labels as float32 [pairs], or [pairs, classes] as they are given.

    Raises:
        DataError: an item is neither a number nor true or false, or there is not one label for each pair.
    """
    return _numbers("label", label, pairs, "biuf", "numbers").astype(np.float32, copy=False)


def given_groups(group: NumbersLike, pairs: int) -> NDArray[np.int64]:
    """Groups as int64 [pairs]. Raises DataError if an item is not an integer, or the count differs."""
    groups = _numbers("group", group, pairs, "iu", "integers")
    if groups.ndim != 1:
        raise DataError(f"group: found {groups.ndim} dimensions; must be one integer for each pair")
    return groups.astype(np.int64, copy=False)


def _numbers(what: str, given: Any, pairs: int, kinds: str, must_be: str) -> NDArray[Any]:
    try:
        array = np.asarray(given if hasattr(given, "__array__") else list(given))
    except (TypeError, ValueError):  # no sequence, or one of lists of unequal lengths
        array = np.asarray(None)
    if array.ndim == 0 or (array.size and array.dtype.kind not in kinds):
        raise DataError(f"{what}: found {_kind(given, array)}; must be {must_be}, one for each pair")
    if len(array) != pairs:
        raise DataError(f"{what}: found {len(array)} for {pairs} pairs; must be one for each")
    return array


def _kind(given: Any, array: NDArray[Any]) -> str:
    """What was given: the type of the first item that is no number, or of the whole."""
    items = array.ravel().tolist() if array.ndim else [given]
    odd = next((item for item in items if not isinstance(item, (bool, int, float))), items[0])
    return f"a value of type {type(odd).__name__}"
