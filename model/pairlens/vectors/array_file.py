"""A matrix in a file, `.npy` or `.safetensors`, with a file of the same name ending in `.words` next to it.

Line N of that file, from 1, is the word of row N.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from tokenize import TokenError
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from pairlens.errors import DataError
from pairlens.locations.location import Location
from pairlens.texts.blocks import read_blocks
from pairlens.texts.local_copy import local_copy
from pairlens.vectors.safetensors_file import Matrix, open_safetensors
from pairlens.vectors.wanted import MAX_DIM, Vectors, Wanted

# What numpy.load raises for a damaged file; the last two come from headers, which it reads as Python literals.
_DAMAGE = (
    *(OSError, ValueError, EOFError, OverflowError, MemoryError, TypeError, RuntimeError, BadZipFile),
    *(SyntaxError, TokenError),
)
_MAX_WORD = 65_536  # bytes; keeps a file without line ends out of memory
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def words_file(path: Location) -> Location:
    """The path of the words of a matrix."""
    return path.with_suffix(".words")


def read_array(path: Location, wanted: Wanted) -> Vectors:
    """The rows of the wanted words.

    Raises:
        DataError: a file is missing or damaged, there is no matrix of floats, words and rows differ in number, or a
            wanted row has a number that is not finite.
    """
    matrix = _matrix(path)
    rows, dim = matrix.stored.shape
    if not 1 <= dim <= MAX_DIM:
        raise DataError(f"{path}: rows of {dim} numbers; must be 1 to {MAX_DIM}")
    for number, word in enumerate(array_words(path)):
        wanted.rows += 1
        if word in wanted.spellings and number < rows:
            wanted.add(word, matrix.rows([number])[0], f"{path}: row {number + 1}")
        elif not word.isascii() and "\ufffd" in word.decode(errors="replace"):
            wanted.undecodable += 1
    if wanted.rows != rows:
        raise DataError(
            f"{words_file(path)}: {wanted.rows} words, but {path} has {rows} rows; there must be one word per row"
        )
    return wanted.vectors(path, dim)


def open_npy(path: Location) -> NDArray[Any] | None:
    """The memory-mapped array of a .npy file; None for an archive of arrays. Raises DataError for any other file."""
    try:
        with local_copy(path) as copy, warnings.catch_warnings(action="ignore"):  # of literals in a damaged header
            array = np.load(copy, mmap_mode="r", allow_pickle=False)
    except _DAMAGE as error:
        raise DataError(f"{path}: cannot be read as a .npy matrix ({error})") from None
    return array if isinstance(array, np.ndarray) else None


def _matrix(path: Location) -> Matrix:
    return open_safetensors(path) if path.suffix == ".safetensors" else Matrix(_npy_matrix(path))


def _npy_matrix(path: Location) -> NDArray[Any]:
    array = open_npy(path)
    if array is None or array.ndim != 2 or array.dtype.kind != "f":
        found = "an archive" if array is None else f"{array.dtype} {list(array.shape)}"
        raise DataError(
            f"{path}: found {found}; must be floats [rows, dim], one row for each word of {words_file(path)}"
        )
    return array


def array_words(path: Location) -> Iterator[bytes]:
    """The words of a matrix's rows. Raises DataError if their file cannot be read or has a line that is too long."""
    words = words_file(path)
    if not words.exists():
        _matrix(path)  # a fault of the matrix is named first
        raise DataError(f"{words}: no such file; must have the word of each row of {path}, one in each line")
    rest, begins = b"", True
    for block in read_blocks(words_file(path)):
        *whole, rest = (rest + block).split(b"\n")
        if len(rest) > _MAX_WORD:
            raise DataError(f"{words_file(path)}: a line of more than {_MAX_WORD} bytes; write one word per line")
        for line in whole:
            yield (line.removeprefix(_BYTE_ORDER_MARK) if begins else line).removesuffix(b"\r")
            begins = False
    if rest:
        yield (rest.removeprefix(_BYTE_ORDER_MARK) if begins else rest).removesuffix(b"\r")
