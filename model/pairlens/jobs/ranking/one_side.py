"""Files of queries or of candidates, a text in each line, read as pairs of each text with itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from pairlens.jobs.input_files import InputFiles, Piece, find_parts
from pairlens.locations.location import Location
from pairlens.tables.decoding import decoded_blocks, decoded_lines
from pairlens.tables.rows import ROWS, PairRows, Row
from pairlens.texts.blocks import read_blocks
from pairlens.texts.pairs import START, Chunk, Pairs, Position, in_chunks
from pairlens.texts.regular import may_be_read_twice
from pairlens.texts.sources import IdFiles, PairSource
from pairlens.texts.token_faults import TextRules
from pairlens.texts.tokens import parse_blocks

if TYPE_CHECKING:
    from pairlens.tokenizer.tokenizer import Tokenizer


class OneSide(InputFiles):
    """Files that are both the queries and the values of the pairs, and are read once."""

    def _open(self, tokenizer: Callable[[], Tokenizer], piece: Piece) -> PairSource:
        path = self.parts[piece.part][0]
        if self.kind == "ids":
            return _IdLines(path, path, piece.start, piece.stop)
        from pairlens.tokenizer.text_source import TextSource

        return TextSource(_TextLines(path, piece.start, piece.stop), tokenizer(), start=piece.start)


def one_side(path: Location, are_texts: bool) -> OneSide:
    """The file at a path, or those of a directory or a pattern. Raises DataError if there are none."""
    parts = tuple((part, part) for part in find_parts(path))
    return OneSide("texts" if are_texts else "ids", parts, (str(path), str(path)))


class _IdLines(IdFiles):
    """The lines of a file of ids, as both texts of each pair; the file is read once."""

    __slots__ = ()

    def chunks(
        self,
        rules: TextRules,
        size: int,
        pass_over: bool = False,
        start: Position | None = None,
        find_ends: bool = False,
    ) -> Iterator[Chunk]:
        assert (pass_over, start or self.start, find_ends) == (False, self.start, False)
        blocks = read_blocks(self.query, False, self.start.query, self.stop.query if self.stop else None)
        parsed = parse_blocks(blocks, str(self.query), rules, first_line=self.start.pairs + 1)
        for texts in in_chunks(parsed, size):
            yield Chunk(Pairs(texts, texts))


class _TextLines:
    """Rows with a line of a text file, twice, between two positions."""

    sides: Sequence[str] = ()

    def __init__(self, path: Location, start: Position = START, stop: Position | None = None) -> None:
        self._path, self._start, self._stop = path, start, stop
        self.names = (str(path), str(path))
        self.repeatable = may_be_read_twice(path)

    def rows(self, size: int = ROWS, pass_over: bool = False) -> Iterator[PairRows]:  # noqa: ARG002
        """Raises DataError: the file cannot be read or is not text."""
        first, last = self._start.query, self._stop.query if self._stop else None
        blocks = decoded_blocks(self._path, first, last, self._start.pairs + 1)
        lines = decoded_lines(blocks, str(self._path))
        number = self._start.pairs + 1
        while some := list(islice(lines, size)):
            texts = [line.removesuffix("\n").removesuffix("\r") for line in some]
            rows = [Row(line, [text, text]) for line, text in enumerate(texts, start=number)]
            yield PairRows(str(self._path), rows, texts, texts, {})
            number += len(texts)
