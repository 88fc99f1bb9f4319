"""Sources of pairs, read chunk by chunk: files of ids, a stream of ids, or several sources one after the other."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO, NamedTuple, Protocol

from pairlens.locations.location import Location
from pairlens.texts.pairs import START, Chunk, Position, iter_pairs, iter_tsv
from pairlens.texts.regular import may_be_read_twice
from pairlens.texts.token_faults import BadLine, TextRules
from pairlens.texts.words import TokenizedText


class PairSource(Protocol):
    """Pairs of texts, perhaps readable only once.

    Attributes:
        names: where the queries and the values come from, for messages.
        files: the files behind the source, if reading can start at any line.
        start: where it begins: the count of pairs before its first one, which has that number.
        repeatable: whether the pairs can be read twice.
    """

    @property
    def names(self) -> tuple[str, str]: ...

    @property
    def files(self) -> tuple[Location, ...]: ...

    @property
    def start(self) -> Position: ...

    @property
    def repeatable(self) -> bool: ...

    def chunks(
        self,
        rules: TextRules,
        size: int,
        pass_over: bool = False,
        start: Position | None = None,
        find_ends: bool = False,
    ) -> Iterator[Chunk]:
        """The pairs from `start` (default: the source's) on, in chunks of exactly `size`, the last of each file
        shorter; see `iter_pairs`."""

    def texts(self, given: object, indices: Sequence[int]) -> list[tuple[TokenizedText, TokenizedText]] | None:
        """Both texts of some pairs of a chunk, from its `given`; None if the source has ids."""


@dataclass(frozen=True, slots=True)
class IdFiles:
    """Two files of ids, or the lines of both between two positions."""

    query: Location
    value: Location
    start: Position = START
    stop: Position | None = None

    @property
    def names(self) -> tuple[str, str]:
        return str(self.query), str(self.value)

    @property
    def files(self) -> tuple[Location, ...]:
        return self.query, self.value

    @property
    def repeatable(self) -> bool:
        return may_be_read_twice(*self.files)

    def texts(self, given: object, indices: Sequence[int]) -> None:
        """Returns None: the source has ids, not texts."""

    def chunks(
        self,
        rules: TextRules,
        size: int,
        pass_over: bool = False,
        start: Position | None = None,
        find_ends: bool = False,
    ) -> Iterator[Chunk]:
        return iter_pairs(self.query, self.value, rules, size, pass_over, start or self.start, find_ends, self.stop)


@dataclass(frozen=True, slots=True)
class IdStream:
    """Lines `query<TAB>value` of ids."""

    stream: BinaryIO
    names: tuple[str, str] = ("<stdin>", "<stdin>")
    files: tuple[Location, ...] = ()
    start: Position = START
    repeatable: bool = False

    def texts(self, given: object, indices: Sequence[int]) -> None:
        """Returns None: the source has ids, not texts."""

    def chunks(
        self,
        rules: TextRules,
        size: int,
        pass_over: bool = False,
        start: Position | None = None,
        find_ends: bool = False,  # noqa: ARG002
    ) -> Iterator[Chunk]:
        assert start in (None, START)
        return iter_tsv(self.stream, rules, size, self.names[0], pass_over)


class _Begun(NamedTuple):
    """A part that is being read, and the number of pairs before its first line."""

    before: int
    part: PairSource


class PartsSource:
    """Several sources as one; their pairs are numbered through. A part is opened when its turn comes.

    Args:
        parts: functions that open the parts, at least one.
        first: the number of the first pair.
    """

    files: tuple[Location, ...] = ()
    repeatable = True

    def __init__(self, parts: Sequence[Callable[[], PairSource]], names: tuple[str, str], first: int = 0) -> None:
        self._parts, self.names = parts, names
        self.start = Position(first)
        self._begun: list[_Begun] = []

    def chunks(
        self,
        rules: TextRules,
        size: int,
        pass_over: bool = False,
        start: Position | None = None,
        find_ends: bool = False,  # noqa: ARG002
    ) -> Iterator[Chunk]:
        assert start in (None, self.start)
        done, self._begun = self.start.pairs, []
        for open_part in self._parts:
            part = open_part()
            before = done - part.start.pairs
            self._begun.append(_Begun(before, part))
            for chunk in part.chunks(rules, size, pass_over):
                bad = [replace(one, line=one.line + before, at=one.at or one.line) for one in chunk.bad]
                yield chunk._replace(bad=bad, end=None)
                done += len(chunk.pairs)

    def texts(self, given: object, indices: Sequence[int]) -> list[tuple[TokenizedText, TokenizedText]] | None:
        return self._begun[-1].part.texts(given, indices)

    def located(self, bad: BadLine, side: int) -> BadLine:
        """A fault of a pair that was read, whose `line` is its number + 1, with the file and line that it is in."""
        before, part = self._begun[bisect_right(self._begun, bad.line - 1, key=lambda begun: begun.before) - 1]
        return replace(bad, file=part.names[side], at=bad.line - before)


def located(source: PairSource, pair: int, message: str, side: int = 0) -> BadLine:
    """A fault of a pair, by its number from 0, with the file that its query (`side` 0) or its value (1) is in."""
    bad = BadLine(source.names[side], pair + 1, 1, message)
    return source.located(bad, side) if isinstance(source, PartsSource) else bad
