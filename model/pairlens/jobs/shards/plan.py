"""Divides the pairs of files among shards."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from pairlens.jobs.input_files import InputFiles, Piece
from pairlens.texts.line_index import index_lines
from pairlens.texts.pairs import START, Position, unequal


class Cut(NamedTuple):
    """A position between two pairs: in a part of the input, after `position.pairs` of its pairs."""

    part: int
    position: Position = START


class Plan(NamedTuple):
    """Where shards begin.

    Attributes:
        cuts: where each shard begins, and where the last one ends [shards + 1].
        firsts: the number of the first pair of each shard, and that of all pairs [shards + 1]; None if not counted.
    """

    cuts: list[Cut]
    firsts: list[int] | None

    def pieces(self, shard: int) -> list[Piece]:
        """The pieces of the input that a shard, from 0, consists of."""
        first, last = self.cuts[shard], self.cuts[shard + 1]
        pieces = []
        for part in range(first.part, last.part + (last.position != START)):
            start = first.position if part == first.part else START
            pieces.append(Piece(part, start, last.position if part == last.part else None))
        return [piece for piece in pieces if piece.start != piece.stop]

    def first(self, shard: int) -> int:
        """The number of a shard's first pair; if pairs were not counted, its number in its part."""
        return self.firsts[shard] if self.firsts else self.cuts[shard].position.pairs


class _Unit(NamedTuple):
    """Pairs that are not divided: where they begin, their bytes in files, and their number if it is known."""

    cut: Cut
    size: int
    pairs: int | None


def make_plan(files: InputFiles, sizes: Sequence[Sequence[int]], shards: int, unit: int, numbered: bool) -> Plan:
    """Divide the pairs into shards of about as many bytes.

    Plain files of ids or texts are cut at multiples of `unit` pairs. Compressed files and tables are not cut; their
    pairs are counted only if they must be `numbered`, as that takes reading them.

    Args:
        sizes: the bytes of each file of each part.

    Raises:
        DataError: a file cannot be read, or two have different numbers of lines.
    """
    units = [one for part in range(len(files.parts)) for one in _units(files, part, sizes[part], unit, numbered)]
    starts, pairs = [0], [0]
    for one in units:
        starts.append(starts[-1] + one.size)
        pairs.append(pairs[-1] + (one.pairs or 0))
    first = [_nearest(starts, starts[-1] * shard / shards) for shard in range(shards)]
    ends = [one.cut for one in units] + [Cut(len(files.parts))]
    known = all(one.pairs is not None for one in units)
    return Plan([ends[i] for i in [*first, len(units)]], [pairs[i] for i in [*first, len(units)]] if known else None)


def _nearest(starts: list[int], byte: float) -> int:
    """The index of the ascending number that is nearest to `byte`."""
    after = bisect_left(starts, byte, hi=len(starts) - 1)
    return after - 1 if after and byte - starts[after - 1] < starts[after] - byte else after


def _units(files: InputFiles, part: int, sizes: Sequence[int], unit: int, numbered: bool) -> Iterator[_Unit]:
    if not files.can_be_cut(part):
        yield _Unit(Cut(part), sum(sizes), _count(files, part) if numbered else None)
        return
    query, value = files.parts[part]
    with ThreadPoolExecutor() as pool:  # reading is half of the work
        sides = list(pool.map(index_lines, (query, value), (unit, unit)))
    if sides[0].lines != sides[1].lines:
        raise unequal(query, sides[0].lines, value, sides[1].lines)
    pairs, starts = sides[0].lines, list(zip(sides[0].starts, sides[1].starts, strict=True))
    ends = [*starts[1:], (sizes[0], sizes[1])]
    for i, (start, end) in enumerate(zip(starts, ends, strict=False)):
        yield _Unit(Cut(part, Position(i * unit, *start)), sum(end) - sum(start), min(unit, pairs - i * unit))


def _count(files: InputFiles, part: int) -> int:
    if files.kind == "tables":
        return files.count_rows(part)
    counts = [index_lines(path, 1 << 62).lines for path in files.parts[part]]
    if counts[0] != counts[1]:
        raise unequal(files.parts[part][0], counts[0], files.parts[part][1], counts[1])
    return counts[0]
