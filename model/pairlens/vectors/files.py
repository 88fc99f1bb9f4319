"""Files of word vectors in any format."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Literal

from pairlens.errors import DataError
from pairlens.locations.location import Location
from pairlens.texts.blocks import SUFFIXES
from pairlens.texts.regular import refuse_irregular
from pairlens.vectors.array_file import array_words, read_array, words_file
from pairlens.vectors.text_file import read_text, text_words
from pairlens.vectors.wanted import Vectors, Wanted
from pairlens.vectors.word2vec_file import read_word2vec, word2vec_words

_ARRAYS = (".npy", ".safetensors")
_NUMPY, _ZIP = b"\x93NUMPY", b"PK\x03\x04"  # the first bytes of a .npy and a .npz


def read_vectors(path: Location, words: Sequence[str]) -> Vectors:
    """Read the vectors of a file for these words: of the word as it is, else of the word in lower case.

    The suffix determines the format: `.bin` is word2vec's, `.npy` and `.safetensors` have their words in another file,
    all others are text; a further suffix `.gz`, `.bz2` or `.xz` is decompressed. Only wanted rows are kept in memory.

    Raises:
        DataError: the file cannot be read, has a fault (`path:line: message`), or has none of the words.
    """
    read = {"array": read_array, "word2vec": read_word2vec, "text": read_text}[_format(path)]
    return read(path, Wanted(words))


def first_words(path: Location, count: int) -> list[str]:
    """The first words of a file, which are the most frequent ones in files of GloVe, word2vec and fastText.

    Words that are not UTF-8 are left out. Raises DataError as `read_vectors` does, except for faults of vectors.
    """
    words = {"array": array_words, "word2vec": word2vec_words, "text": text_words}[_format(path)](path)
    decoded = (word.decode(errors="replace") for word in islice(words, count))
    return [word for word in decoded if "\ufffd" not in word]


def rows_are_ids(path: Location) -> bool:
    """Whether a file is a matrix without words, in which row N belongs to id N."""
    if path.suffix == ".safetensors" or (path.suffix == ".npy" and words_file(path).exists()):
        return False
    return path.suffix in (".npy", ".npz") or _begins_with(path, (_NUMPY, _ZIP))


def files_read(path: Location) -> list[Location]:
    """The file, and its file of words if there is one."""
    return [path, words_file(path)] if path.suffix in _ARRAYS and not rows_are_ids(path) else [path]


def _format(path: Location) -> Literal["array", "word2vec", "text"]:
    """The format that the suffix means. Raises DataError for a pipe, or a compressed matrix."""
    refuse_irregular(path, "vectors are read more than once")
    kind = _uncompressed(path).suffix
    if kind in _ARRAYS and kind != path.suffix:
        raise DataError(f"{path}: a compressed {kind} file cannot be read; decompress it first")
    return "array" if kind in _ARRAYS else "word2vec" if kind == ".bin" else "text"


def _uncompressed(path: Location) -> Location:
    return path.with_suffix("") if path.suffix in SUFFIXES[1:] else path


def _begins_with(path: Location, beginnings: tuple[bytes, ...]) -> bool:
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return file.read(8).startswith(beginnings)
    except OSError:
        return False
