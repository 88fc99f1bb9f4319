"""word2vec's `.bin`: a line `ROWS DIM`, then for each word its bytes, a blank, DIM little-endian 32-bit floats, and in
some files a line end."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pairlens.errors import DataError
from pairlens.locations.location import Location
from pairlens.texts.blocks import read_blocks
from pairlens.vectors.wanted import MAX_DIM, Vectors, Wanted

_MAX_HEADER, _MAX_WORD = 64, 65_536  # bytes
_MAX_ROWS = 2**40
_FASTTEXT_MODEL = b"\xba\x16\x4f\x2f"


def read_word2vec(path: Location, wanted: Wanted) -> Vectors:
    """The vectors of the wanted words.

    Raises:
        DataError: the file cannot be read, is cut off or of another format, has more or fewer vectors than its first
            line says, or a wanted vector has a number that is not finite.
    """
    rows, dim, entries = _open(path)
    for word, numbers in entries:
        wanted.rows += 1
        if word in wanted.spellings:
            vector = np.frombuffer(numbers, "<f4").astype(np.float32)
            wanted.add(word, vector, f"{path}: vector {wanted.rows} of {rows}")
        elif not word.isascii() and "\ufffd" in word.decode(errors="replace"):
            wanted.undecodable += 1
    return wanted.vectors(path, dim)


def word2vec_words(path: Location) -> Iterator[bytes]:
    """The words in the order of the file. Raises DataError as `read_word2vec` does, except for faults of vectors."""
    return (word for word, _ in _open(path)[2])


def _open(path: Location) -> tuple[int, int, Iterator[tuple[bytes, bytes]]]:
    """Rows, dim, and each word with the bytes of its vector."""
    blocks = read_blocks(path)
    start = b""
    while len(start) < _MAX_HEADER and (block := next(blocks, b"")):
        start += block
    if start.startswith(_FASTTEXT_MODEL):
        raise DataError(f"{path}: a complete fastText model; give the .vec file next to it")
    header, end, after = start.partition(b"\n")
    fields = header.split()
    if not end or len(header) > _MAX_HEADER or len(fields) != 2 or not all(field.isdigit() for field in fields):
        raise DataError(
            f"{path}: not a word2vec file: the first line must be two integers, ROWS DIM; name a text file .txt"
        )
    rows, dim = map(int, fields)
    if not (1 <= rows <= _MAX_ROWS and 1 <= dim <= MAX_DIM):
        found = f"the first line says {rows} vectors of {dim} numbers"
        raise DataError(f"{path}: {found}; must be at least 1, of 1 to {MAX_DIM} numbers")
    return rows, dim, _entries(path, blocks, after, rows, dim)


def _entries(
    path: Location, blocks: Iterator[bytes], buffer: bytes, rows: int, dim: int
) -> Iterator[tuple[bytes, bytes]]:
    at = done = 0
    while done < rows:
        blank = buffer.find(b" ", at)
        end = blank + 1 + 4 * dim
        if blank < 0 or end > len(buffer):
            buffer, at = buffer[at:], 0
            block = next(blocks, b"")
            if not block or (blank < 0 and len(buffer) > _MAX_WORD):
                raise DataError(f"{path}: vector {done + 1} of {rows} is cut off or damaged; download the file again")
            buffer += block
            continue
        yield buffer[at:blank].lstrip(b"\r\n"), buffer[blank + 1 : end]
        at, done = end, done + 1
    if buffer[at:].strip(b"\r\n") or any(block.strip(b"\r\n") for block in blocks):
        raise DataError(f"{path}: more data follows the {rows} vectors of {dim} numbers that the first line announces")
