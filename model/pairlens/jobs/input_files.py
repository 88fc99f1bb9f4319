"""The files of pairs that a command reads: two files of ids or texts or a table, each perhaps in several parts."""

from __future__ import annotations

import glob
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from pairlens.compression import COMPRESSED
from pairlens.errors import DataError, UsageError
from pairlens.locations.location import Location
from pairlens.locations.remote import Remote
from pairlens.texts.blocks import data_errors
from pairlens.texts.pairs import START, Position
from pairlens.texts.regular import refuse_irregular
from pairlens.texts.sources import IdFiles, PairSource, PartsSource

if TYPE_CHECKING:
    from pairlens.tables.pairs import TableOptions, TablePairs
    from pairlens.tokenizer.tokenizer import Tokenizer

_REQUESTS = 16
_WILDCARD = re.compile(r"[*?]|\[[^]]*\]")


class Piece(NamedTuple):
    """Consecutive pairs of a part, from `start` up to `stop` or to its end."""

    part: int
    start: Position = START
    stop: Position | None = None


@dataclass(frozen=True)
class InputFiles:
    """Files of pairs. It can be pickled.

    Attributes:
        kind: what the files contain: token ids, texts, or tables with two columns of texts.
        parts: the files of each part: queries and values, or a table.
        names: the queries and the values as they were given, for messages.
        options: how to read tables.
    """

    kind: Literal["ids", "texts", "tables"]
    parts: tuple[tuple[Location, ...], ...]
    names: tuple[str, str]
    options: TableOptions | None = None

    @property
    def paths(self) -> list[Location]:
        return [path for part in self.parts for path in part]

    @cached_property
    def sizes(self) -> list[int]:
        """The bytes of each of the paths, asked for several at once, as a file in a bucket takes a request.

        Raises:
            DataError: a file is missing or cannot be looked at.
        """
        with ThreadPoolExecutor(_REQUESTS) as pool:
            return list(pool.map(_size, self.paths))

    def refuse_irregular(self) -> None:
        """Raises DataError if a file is a pipe or a device, which is read once."""
        for path in self.paths:
            if isinstance(path, Path):
                refuse_irregular(path, "parts are read by several processes, so give a file")

    @cached_property
    def first_table(self) -> TablePairs:
        """The first table, whose format and columns hold for all of them."""
        return self._read_table(0)

    def can_be_cut(self, part: int) -> bool:
        """Whether a part can be read from any line on: plain files whose lines end at line feeds.

        Remote parts are not cut, as finding the lines takes reading them; but a single one is.
        """
        paths = self.parts[part]
        if self.kind == "tables" or any(path.name.endswith(COMPRESSED) for path in paths):
            return False
        if len(self.parts) > 1 and any(isinstance(path, Remote) for path in paths):
            return False
        if self.kind == "ids":
            return True
        from pairlens.tables.decoding import is_utf16

        return not any(map(is_utf16, paths))

    def source(
        self, tokenizer: Callable[[], Tokenizer], pieces: Sequence[Piece] | None = None, first: int = 0
    ) -> PairSource:
        """Return the pairs of all parts, or of some pieces of them, the first of which has the number `first`.

        Raises:
            DataError, UsageError: a table cannot be read; here for the first one, while reading for the others.
        """
        chosen = [Piece(i) for i in range(len(self.parts))] if pieces is None else pieces
        if len(chosen) == 1 and chosen[0].start.pairs == first:
            return self._open(tokenizer, chosen[0])
        return PartsSource([partial(self._open, tokenizer, piece) for piece in chosen], self.names, first)

    def count_rows(self, part: int) -> int:
        """The number of rows of a table, which is read for that. Raises DataError: the table cannot be read."""
        return sum(len(chunk.rows) for chunk in self._table(part).rows(pass_over=True))

    def _open(self, tokenizer: Callable[[], Tokenizer], piece: Piece) -> PairSource:
        paths = self.parts[piece.part]
        if self.kind == "ids":
            return IdFiles(paths[0], paths[1], piece.start, piece.stop)
        from pairlens.tables.pairs import LinePairs
        from pairlens.tokenizer.text_source import TextSource

        if self.kind == "texts":
            lines = LinePairs(paths[0], paths[1], start=piece.start, stop=piece.stop)
            return TextSource(lines, tokenizer(), start=piece.start)
        return TextSource(self._table(piece.part), tokenizer())

    def _table(self, part: int) -> TablePairs:
        first = self.first_table
        if not part:
            return first
        table = self._read_table(part)
        if table.layout.format != "jsonl" and (table.layout, table.columns) != (first.layout, first.columns):
            raise UsageError(f"{table.names[0]}: other columns than {first.names[0]}; parts must have the same columns")
        return table

    def _read_table(self, part: int) -> TablePairs:
        from pairlens.tables.pairs import TableOptions, TablePairs

        return TablePairs(self.parts[part], self.options or TableOptions(), labelled=False)


def _size(path: Location) -> int:
    with data_errors(str(path)):
        return path.stat().st_size


def find_text_parts(query: Location, value: Location) -> tuple[tuple[Location, ...], ...]:
    """Return the pairs of files: two files, or those of two directories or glob patterns, in sorted order.

    Raises:
        DataError: a pattern or a directory has no files, or their names do not correspond.
    """
    queries, values = find_parts(query), find_parts(value)
    if len(queries) == len(values) == 1:
        return ((queries[0], values[0]),)
    for given, other, found in ((query, value, queries), (value, query, values)):
        if found != [given] and not (other.is_dir() or _WILDCARD.search(str(other))):
            raise DataError(
                f"{given}: {len(found)} files, but {other} is one file; give the parts of both, or two files"
            )
    if queries == values:
        raise DataError(f"{query}: has the queries and the values; give a pattern for each, such as '*.query.txt'")
    for one, other in zip_longest(queries, values):
        if one is None or other is None:
            alone, there = (one, value) if other is None else (other, query)
            raise DataError(f"{alone}: has no counterpart in {there}; every part needs a file of queries and of values")
        if _key(one, query) != _key(other, value):
            raise DataError(f"{one}: would be paired with {other}; give parts corresponding names, as they are sorted")
    return tuple(zip(queries, values, strict=True))


def find_parts(path: Location) -> list[Location]:
    """Return a file itself, the files of a directory, or those that match a glob pattern; sorted.

    Raises:
        DataError: there are none.
    """
    is_pattern = _WILDCARD.search(str(path))
    found: list[Location]
    if isinstance(path, Remote) and is_pattern:
        found = list(path.parent.glob(path.name))
    elif path.is_dir():
        found = _files_in(path)
    elif not is_pattern or path.exists():
        return [path]
    else:
        found = [Path(one) for one in glob.glob(str(path), recursive=True) if Path(one).is_file()]  # noqa: PTH207
    if not found:
        raise DataError(f"{path}: {'no file matches' if is_pattern else 'the directory has no files'}")
    return sorted(found, key=str)


def _files_in(folder: Location) -> list[Location]:
    """The files of a directory that are not hidden; of a remote one, everything that is in it."""
    files: list[Location] = [one for one in folder.iterdir() if not one.name.startswith(".")]
    return [one for one in files if isinstance(one, Remote) or one.is_file()]


def _key(path: Location, given: Location) -> str:
    """What corresponding names have in common: the part that the wildcards match; of a directory's files, the name."""
    if path.parent == given:
        return re.sub("quer(y|ies)|values?", "", path.name)
    wildcards = list(_WILDCARD.finditer(str(given)))
    head, tail = wildcards[0].start(), len(str(given)) - wildcards[-1].end()
    return str(path)[head : len(str(path)) - tail]
