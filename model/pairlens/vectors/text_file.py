"""Vectors as text: GloVe's `.txt`, and the `.vec` of word2vec and fastText, which begins with a line `ROWS DIM`.

A line is a word and its numbers, separated by single blanks. The word may contain blanks, as GloVe's `. . .` does: the
last DIM fields are the numbers. Only lines of wanted words are parsed; in all others only the blanks are counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from pairlens.errors import DataError
from pairlens.locations.location import Location
from pairlens.texts.blocks import read_blocks
from pairlens.texts.token_faults import quote
from pairlens.vectors.wanted import MAX_DIM, Vectors, Wanted

_MAX_LINE = 2**20  # bytes; keeps a file without line ends out of memory
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_HEADER_DIGITS = 18


def read_text(path: Location, wanted: Wanted) -> Vectors:
    """The vectors of the wanted words.

    Raises:
        DataError: the file cannot be read or is empty, a line has more or fewer numbers than the first, the header is
            wrong, or a number of a wanted word is not valid or not finite (`path:line: message`).
    """
    header, dim, parts = _open(path)
    reader = _Lines(path, dim, 1 if header else 0, wanted)
    for part in parts:
        reader.read(part)
    if header and header[0] != wanted.rows:
        raise DataError(
            f"{path}:1: the first line says {header[0]} vectors, but {wanted.rows} follow; the file is cut off or was "
            "changed: download it again, or correct the line"
        )
    return wanted.vectors(path, dim)


def text_words(path: Location) -> Iterator[bytes]:
    """The words in the order of the file. Raises DataError as `read_text` does, except for faults of single lines."""
    _, dim, parts = _open(path)
    for part in parts:
        yield from (line.rstrip(b" \r").rsplit(b" ", dim)[0] for line in part.split(b"\n"))


def _open(path: Location) -> tuple[tuple[int, int] | None, int, Iterator[bytes]]:
    """The header if there is one, the count of numbers per word, and the file after the header in whole lines."""
    parts = _whole_lines(path)
    first = next(parts, b"").removeprefix(_BYTE_ORDER_MARK)
    head, end, after = first.partition(b"\n")
    header = _header(head)
    dim = header[1] if header else head.rstrip(b" \r").count(b" ")
    if not 1 <= dim <= MAX_DIM:
        found = f"the first line says {dim} numbers per word" if header else f"found {dim} numbers after the word"
        raise DataError(f"{path}:1: {found}; must be 1 to {MAX_DIM}, separated by single blanks")
    begins = [after if header else first] if end or not header else []
    return header, dim, chain(begins, parts)


class _Lines:
    """Reads lines in order, after `line` earlier ones; a vector has `dim` numbers."""

    def __init__(self, path: Location, dim: int, line: int, wanted: Wanted) -> None:
        self._path, self._dim, self._line, self._wanted = path, dim, line, wanted
        # Each word up to its first blank, a quick test that rejects most lines.
        self._heads = {word.partition(b" ")[0] for word in wanted.spellings}
        self._blanks = 0  # per line; fastText ends each line with one

    def read(self, part: bytes) -> None:
        """Read whole lines; the last one lacks its line end."""
        lines = part.split(b"\n")
        self._blanks = self._blanks or self._dim + lines[0].rstrip(b"\r").endswith(b" ")
        if np.count_nonzero(np.frombuffer(part, np.uint8) == ord(" ")) != self._blanks * len(lines):
            for number, line in enumerate(lines, self._line + 1):
                self._check_width(line, number)
        for number, line in enumerate(lines, self._line + 1):
            if line[: line.find(b" ")] in self._heads:
                self._parse(line, number)
        self._line += len(lines)
        self._wanted.rows += len(lines)
        self._wanted.undecodable += _undecodable(part, lines)

    def _check_width(self, line: bytes, number: int) -> None:
        """Raise DataError for too few or too many numbers. A word may have blanks, but not a number after one."""
        text = line.rstrip(b" \r")
        found = text.count(b" ")
        if found > self._dim and _parsed(text.rsplit(b" ", self._dim)[0].rpartition(b" ")[2:]) is None:
            return
        if found != self._dim:
            raise DataError(
                f"{self._path}:{number}: found {found} numbers after the word; must be {self._dim}, as in the first "
                "line, separated by single blanks; correct or remove this line"
            )

    def _parse(self, line: bytes, number: int) -> None:
        self._check_width(line, number)
        word, *fields = line.rstrip(b" \r").rsplit(b" ", self._dim)
        if word not in self._wanted.spellings:
            return
        vector = _parsed(fields)
        if vector is None:
            wrong = next(field for field in fields if _parsed([field]) is None)
            raise DataError(f"{self._path}:{number}: not a number: {quote(wrong)}; correct or remove this line")
        self._wanted.add(word, vector, f"{self._path}:{number}")


def _header(line: bytes) -> tuple[int, int] | None:
    """ROWS and DIM, if the line consists of two integers."""
    fields = line.split()
    if len(fields) != 2 or not all(field.isdigit() and len(field) <= _HEADER_DIGITS for field in fields):
        return None
    return int(fields[0]), int(fields[1])


def _parsed(fields: list[bytes] | tuple[bytes, ...]) -> NDArray[np.float32] | None:
    """The numbers; None if a field is not a number. Those beyond the range of float32 become infinite."""
    if b"_" in b"".join(fields):  # Python's float allows it
        return None
    try:
        numbers = np.fromiter(map(float, fields), np.float64, len(fields))
    except ValueError:
        return None
    with np.errstate(over="ignore"):
        return numbers.astype(np.float32)


def _undecodable(part: bytes, lines: list[bytes]) -> int:
    """The count of lines that are not UTF-8."""
    return 0 if _is_utf8(part) else sum(not _is_utf8(line) for line in lines)


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _whole_lines(path: Location) -> Iterator[bytes]:
    """Yield the file in parts of whole lines, each without its last line end.

    Raises:
        DataError: as `read_blocks` does, or a line is too long.
    """
    rest = b""
    for block in read_blocks(path):
        whole, end, after = block.rpartition(b"\n")
        if end:
            yield rest + whole
        rest = after if end else rest + after
        if len(rest) > _MAX_LINE:
            raise DataError(f"{path}: a line of more than {_MAX_LINE} bytes; this is not a text file of word vectors")
    if rest:
        yield rest
