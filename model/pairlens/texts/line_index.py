"""Where lines begin in a file, for reading from the middle of it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pairlens.locations.location import Location
from pairlens.texts.blocks import read_blocks


class LineIndex(NamedTuple):
    """The bytes at which lines 0, N, 2 N, … begin (after decompression), and the number of lines."""

    starts: list[int]
    lines: int


def index_lines(path: Location, every: int) -> LineIndex:
    """Find every N-th line of a file; the last line may lack its end. Raises DataError: the file cannot be read."""
    starts, lines, size, last = [0], 0, 0, b"\n"
    for block in read_blocks(path):
        count = block.count(b"\n")
        until_next = every - lines % every  # lines
        if count >= until_next:
            ends = np.flatnonzero(np.frombuffer(block, np.uint8) == ord("\n"))
            starts += (ends[until_next - 1 :: every] + size + 1).tolist()
        lines, size, last = lines + count, size + len(block), block[-1:]
    return LineIndex([start for start in starts if start < size], lines + (last != b"\n"))
