"""Pairs of texts from tables, from two files line by line, from a stream, or a single pair."""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice, zip_longest
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, NamedTuple, Protocol, cast

from pairlens.errors import DataError, UsageError
from pairlens.files import full_disk_reported
from pairlens.locations.location import Location
from pairlens.tables.columns import ColumnOptions, choose_columns
from pairlens.tables.decoding import Source, decoded_blocks, decoded_lines
from pairlens.tables.formats import Format
from pairlens.tables.pair_rows import pair_rows
from pairlens.tables.rows import ROWS, PairRows, Row
from pairlens.tables.table import Table, open_table
from pairlens.texts.pairs import START, Position
from pairlens.texts.regular import may_be_read_twice


class TableOptions(NamedTuple):
    """How to read a table. None means: detect it; a header is expected unless all columns are numbers."""

    columns: ColumnOptions = ColumnOptions()
    input_format: Format | None = None
    delimiter: str | None = None
    header: bool | None = None

    def open(self, source: Source) -> Table:
        header = not self.columns.are_numbers if self.header is None else self.header
        return open_table(source, self.input_format, self.delimiter, header)


class Pairs(Protocol):
    """Rows with two texts each.

    Attributes:
        sides: the parts in addition to the texts, such as label.
        names: where the queries and the values come from, for messages.
        repeatable: whether the rows can be read twice.
    """

    @property
    def repeatable(self) -> bool: ...

    @property
    def sides(self) -> Sequence[str]: ...

    @property
    def names(self) -> tuple[str, str]: ...

    def rows(self, size: int = ROWS, pass_over: bool = False) -> Iterator[PairRows]:
        """Yield all rows in chunks of exactly `size`, the last one shorter; see `pair_rows`."""


class TablePairs:
    """The pairs of several tables with the same kinds of columns, in order; `labelled` as in `choose_columns`.

    Attributes:
        found: the first table's names of the columns that were found by usual names, by part.
        layout, columns: those of the first table; see `Table`.

    Raises:
        DataError: as from `open_table`. UsageError: as from `choose_columns`, or the tables have different parts.
    """

    repeatable = True

    def __init__(self, sources: Sequence[Source], options: TableOptions, labelled: bool = True) -> None:
        self._options = options
        self._sources = list(map(_recorded, sources))
        opened = [options.open(_replay(source)) for source in self._sources]
        chosen = [choose_columns(table.name, table.columns, options.columns, labelled) for table in opened]
        self._columns, self.found = [columns for columns, _ in chosen], chosen[0][1]
        self.sides = [part for part, _ in self._columns[0].chosen()][2:]
        self.layout, self.columns = opened[0].layout, opened[0].columns
        self.names = (opened[0].name, opened[0].name)
        for table, columns in zip(opened, self._columns, strict=True):
            if [part for part, _ in columns.chosen()][2:] != self.sides:
                raise UsageError(
                    f"{table.name}: other columns than {opened[0].name}; files of a split must have the same columns"
                )

    def rows(self, size: int = ROWS, pass_over: bool = False) -> Iterator[PairRows]:
        """Raises DataError: as `open_table` and `pair_rows`."""
        tables = (self._options.open(_replay(source)) for source in self._sources)
        chunks = (pair_rows(table, its, size, pass_over) for table, its in zip(tables, self._columns, strict=True))
        return chain.from_iterable(chunks)


class LinePairs:
    """The pairs of text files: line N of each file belongs to pair N.

    Args:
        query, value: files with one text per line.
        others: files with one entry per line, by part, such as label; only for whole files.
        start, stop: between which lines they are read; default: all.
    """

    @property
    def repeatable(self) -> bool:
        return may_be_read_twice(*self._paths.values())

    def __init__(
        self,
        query: Location,
        value: Location,
        others: Mapping[str, Location] = MappingProxyType({}),
        start: Position = START,
        stop: Position | None = None,
    ) -> None:
        self._paths = {"query": query, "value": value, **others}
        self._start, self._stop = start, stop
        self.sides = list(others)
        self.names = (str(query), str(value))

    def rows(self, size: int = ROWS, pass_over: bool = False) -> Iterator[PairRows]:  # noqa: ARG002
        """Raises DataError: a file cannot be read or is not text, or line counts differ."""
        files = [self._lines(part, path) for part, path in self._paths.items()]
        lines = enumerate(zip_longest(*(map(_without_end, file) for file in files)), start=self._start.pairs + 1)
        while chunk := list(islice(lines, size)):
            if None in chunk[-1][1]:
                raise self._unequal(chunk, files)
            columns = dict(zip(self._paths, zip(*(texts for _, texts in chunk), strict=True), strict=True))
            query, value = columns.pop("query"), columns.pop("value")
            yield PairRows(str(self._paths["query"]), [Row(*line) for line in chunk], query, value, columns)

    def _lines(self, part: str, path: Location) -> Iterator[str]:
        first, last = getattr(self._start, part, 0), getattr(self._stop, part, None)
        return decoded_lines(decoded_blocks(path, first, last, self._start.pairs + 1), str(path))

    def _unequal(self, chunk: Sequence[tuple[int, Sequence[str | None]]], files: Sequence[Iterator[str]]) -> DataError:
        counts = [chunk[0][0] - 1 + sum(texts[i] is not None for _, texts in chunk) for i in range(len(files))]
        counts = [count + sum(1 for _ in file) for count, file in zip(counts, files, strict=True)]
        found = ", ".join(f"{path}: {count:,} lines" for path, count in zip(self._paths.values(), counts, strict=True))
        return DataError(f"{found}; line N of each belongs to pair N")


class TabPairs:
    """The pairs of a stream of lines `query<TAB>value`, read once, line by line as they arrive."""

    sides: Sequence[str] = ()
    names = ("<stdin>", "<stdin>")
    repeatable = False

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def rows(self, size: int = ROWS, pass_over: bool = False) -> Iterator[PairRows]:
        """Raises DataError: the stream is not text, or a line does not have exactly one tab."""
        lines = enumerate(map(_without_end, decoded_lines(decoded_blocks(self._stream), self.names[0])), start=1)
        while chunk := list(islice(lines, size)):
            rows = [Row(number, line.split("\t")) for number, line in chunk]
            faults = {i: _no_pair(row) for i, row in enumerate(rows) if len(row.values) != 2}
            if faults and not pass_over:
                first = min(faults)
                raise DataError(f"{self.names[0]}:{rows[first].line}: {faults[first]}")
            texts = [row.values if len(row.values) == 2 else ["", ""] for row in rows]
            yield PairRows(self.names[0], rows, [q for q, _ in texts], [v for _, v in texts], {}, faults)


class OnePair:
    """A single pair of texts, from the command line."""

    sides: Sequence[str] = ()
    names = ("--query-text", "--value-text")
    repeatable = True

    def __init__(self, query: str, value: str) -> None:
        self._query, self._value = query, value

    def rows(self, size: int = ROWS, pass_over: bool = False) -> Iterator[PairRows]:  # noqa: ARG002
        row = Row(1, [self._query, self._value])
        yield PairRows("the pair", [row], [self._query], [self._value], {})


def _no_pair(row: Row) -> str:
    found = "no tab in the line" if len(row.values) == 1 else "a third column"
    return f"{found}; a line is a query, a tab and a value"


class _Recording:
    """A stream whose bytes are recorded in an unnamed temporary file, so that it can be read again."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._file = stream, tempfile.TemporaryFile()  # noqa: SIM115  (open as long as this object)
        self.name = str(getattr(stream, "name", "<stdin>"))
        weakref.finalize(self, self._file.close)

    def read_at(self, start: int, size: int) -> bytes:
        """The bytes from `start` on, which is at most the count of bytes recorded so far."""
        self._file.seek(start)
        if recorded := self._file.read(size):
            return recorded
        block = self._stream.read(size)
        with full_disk_reported(Path(tempfile.gettempdir()) / self.name):
            self._file.write(block)
            self._file.flush()
        return block


class _Replay:
    """A reader from the beginning of a recorded stream."""

    def __init__(self, recording: _Recording) -> None:
        self._recording, self._at, self.name = recording, 0, recording.name

    def read(self, size: int) -> bytes:
        block = self._recording.read_at(self._at, size)
        self._at += len(block)
        return block


def _recorded(source: Source) -> Location | _Recording:
    """A source that can be read again: a regular file, or a recorded pipe. A missing file is reported by its reader."""
    if not isinstance(source, Location):
        return _Recording(source)
    if not isinstance(source, Path):
        return source
    try:
        return _Recording(source.open("rb")) if source.is_fifo() else source
    except OSError:
        return source


def _replay(source: Location | _Recording) -> Source:
    return source if isinstance(source, Location) else cast(BinaryIO, _Replay(source))


def _without_end(line: str) -> str:
    return line.removesuffix("\n").removesuffix("\r")
