"""Reading rows of numbers as `score` prints them: one in each line, or one for each class, separated by blanks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pairlens.errors import DataError
from pairlens.locations.location import Location
from pairlens.texts.lines import lines_of, number_fault

Floats = NDArray[np.float64]

_CHARACTERS = b"0123456789+-.eE \t\n"  # of numbers; Python's float also takes 1_000, nan and inf
_LARGEST = float(np.finfo(np.float32).max)
_WORD = re.compile(rb"[^ \t]+")

Kind = Literal["score", "probability"]
_NEEDED: dict[Kind, str] = {"score": "score", "probability": "label"}  # by a pair


def line_chunks(path: Location, size: int) -> Iterator[list[bytes]]:
    """Yield the lines of a file in chunks of exactly `size`, the last one shorter; raises as `read_blocks` does."""
    lines = lines_of(path, all_kept=False)
    while chunk := list(islice(lines, size)):
        yield chunk


def columns_of(line: bytes) -> int:
    """How many scores a line has; 1 for an empty one, which is a fault."""
    return max(len(line.split()), 1)


def read_scores(path: Location, classes: int | None = None) -> NDArray[np.float32]:
    """The scores of a file, float32 [lines]; with classes a probability for each of them, [lines, classes].

    Raises:
        DataError: the file cannot be read, or as `parse_rows`.
    """
    why = "one for each class" if classes else "the score of a pair"
    rows = parse_rows([*lines_of(path)], classes or 1, path, 0, why).astype(np.float32)
    return rows if classes else rows[:, 0]


def parse_rows(
    lines: Sequence[bytes], columns: int, path: Location, before: int, why: str, kind: Kind = "score"
) -> Floats:
    """The numbers in some lines of a file, float64 [lines, columns].

    Args:
        before: the count of lines of the file before these, for messages.
        why: why there are so many columns, for messages.
        kind: what the numbers are, for messages.

    Raises:
        DataError: a line has another count of numbers, or one that is no finite number (`path:line:column: message`).
    """
    rows = [line.split() for line in lines]
    if all(len(row) == columns for row in rows) and not b"\n".join(lines).translate(None, _CHARACTERS):
        try:
            found = np.fromiter(map(float, chain.from_iterable(rows)), np.float64, len(rows) * columns)
        except ValueError:
            found = np.array([np.inf])
        if (np.abs(found) <= _LARGEST).all():
            return found.reshape(-1, columns)
    faults = ((number, _fault(line, columns, why, kind)) for number, line in enumerate(lines, start=before + 1))
    unknown = (before + 1, (1, f"these lines are not rows of {columns} numbers"))
    number, (column, message) = next(((number, fault) for number, fault in faults if fault), unknown)
    raise DataError(f"{path}:{number}:{column}: {message}")


def words_of(line: bytes) -> list[re.Match[bytes]]:
    """What blanks and tabs separate in a line, with its place."""
    return [*_WORD.finditer(line)]


def _fault(line: bytes, columns: int, why: str, kind: Kind) -> tuple[int, str] | None:
    """The column and the description of the first fault of a line; None if it has none."""
    words = words_of(line)
    for word in words:
        if message := number_fault(word[0], kind):
            return word.start() + 1, message
    if not words:
        return 1, str(number_fault(b"", _NEEDED[kind]))
    if len(words) != columns:
        found = f"{len(words)} number{'s' * (len(words) > 1)}"
        return 1, f"{found} in this line; must be {columns}, {why}"
    return None
