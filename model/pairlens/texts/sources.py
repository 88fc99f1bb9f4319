"""Sources of pairs, read chunk by chunk: files of ids, or a stream of ids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from pairlens.locations.location import Location
from pairlens.texts.pairs import START, Chunk, Position, iter_pairs, iter_tsv
from pairlens.texts.regular import may_be_read_twice
from pairlens.texts.token_faults import TextRules
from pairlens.texts.words import TokenizedText


class PairSource(Protocol):
    """Pairs of texts, perhaps readable only once.

    Attributes:
        names: where the queries and the values come from, for messages.
        files: the files behind the source, if reading can start at any line.
        repeatable: whether the pairs can be read twice.
    """

    @property
    def names(self) -> tuple[str, str]: ...

    @property
    def files(self) -> tuple[Location, ...]: ...

    @property
    def repeatable(self) -> bool: ...

    def chunks(
        self, rules: TextRules, size: int, pass_over: bool = False, start: Position = START, find_ends: bool = False
    ) -> Iterator[Chunk]:
        """The pairs from `start` on in chunks of exactly `size`, the last one shorter; see `iter_pairs`."""

    def texts(self, given: object, indices: Sequence[int]) -> list[tuple[TokenizedText, TokenizedText]] | None:
        """Both texts of some pairs of a chunk, from its `given`; None if the source has ids."""


@dataclass(frozen=True, slots=True)
class IdFiles:
    """Two files of ids."""

    query: Location
    value: Location

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
        self, rules: TextRules, size: int, pass_over: bool = False, start: Position = START, find_ends: bool = False
    ) -> Iterator[Chunk]:
        return iter_pairs(self.query, self.value, rules, size, pass_over, start, find_ends)


@dataclass(frozen=True, slots=True)
class IdStream:
    """Lines `query<TAB>value` of ids."""

    stream: BinaryIO
    names: tuple[str, str] = ("<stdin>", "<stdin>")
    files: tuple[Location, ...] = ()
    repeatable: bool = False

    def texts(self, given: object, indices: Sequence[int]) -> None:
        """Returns None: the source has ids, not texts."""

    def chunks(
        self,
        rules: TextRules,
        size: int,
        pass_over: bool = False,
        start: Position = START,
        find_ends: bool = False,  # noqa: ARG002
    ) -> Iterator[Chunk]:
        assert start == START
        return iter_tsv(self.stream, rules, size, self.names[0], pass_over)
