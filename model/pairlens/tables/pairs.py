"""Pairs of texts in files, which can be read again: of tables, one behind the other, or line by line of two files."""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice, zip_longest
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol, cast

from pairlens.errors import DataError, UsageError
from pairlens.files import telling_of_a_full_disk
from pairlens.tables.columns import ColumnOptions, choose_columns
from pairlens.tables.decoding import Source, decoded_blocks, decoded_lines
from pairlens.tables.formats import Format
from pairlens.tables.pair_rows import pair_rows
from pairlens.tables.rows import ROWS, PairRows, Row
from pairlens.tables.table import Table, open_table
from pairlens.texts.regular import may_be_read_twice


class TableOptions(NamedTuple):
    """How to read a table; what is None is found by looking, and a header is there unless columns are numbers."""

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
        sides: what they have beside the texts, such as label.
        names: of what the queries and the values come from, for messages.
        repeatable: whether they can be read twice.
    """

    @property
    def repeatable(self) -> bool: ...

    @property
    def sides(self) -> Sequence[str]: ...

    @property
    def names(self) -> tuple[str, str]: ...

    def rows(self, size: int = ROWS, pass_over: bool = False) -> Iterator[PairRows]:
        """All rows from the first one on, in chunks of exactly `size`, the last one shorter; see `pair_rows`."""


class TablePairs:
    """The pairs of some tables with the same kinds of columns; `labelled` as in `choose_columns`.

    Attributes:
        found: how the first table calls the columns that were found by their names, by part.
        layout, columns: of the first table; see `Table`.

    Raises:
        DataError: as `open_table`. UsageError: as `choose_columns`; or one table has labels and another has none.
    """

    repeatable = True

    def __init__(self, sources: Sequence[Source], options: TableOptions, labelled: bool = True) -> None:
        self._options = options
        self._sources = list(map(_kept, sources))
        opened = [options.open(_again(source)) for source in self._sources]
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
        tables = (self._options.open(_again(source)) for source in self._sources)
        chunks = (pair_rows(table, its, size, pass_over) for table, its in zip(tables, self._columns, strict=True))
        return chain.from_iterable(chunks)


class LinePairs:
    """The pairs of files of texts, of which line N of each belongs to pair N.

    Args:
        query, value: files of one text a line.
        others: files of one thing a line, by part, such as label.
    """

    @property
    def repeatable(self) -> bool:
        return may_be_read_twice(*self._paths.values())

    def __init__(self, query: Path, value: Path, others: Mapping[str, Path]) -> None:
        self._paths = {"query": query, "value": value, **others}
        self.sides = list(others)
        self.names = (str(query), str(value))

    def rows(self, size: int = ROWS, pass_over: bool = False) -> Iterator[PairRows]:  # noqa: ARG002
        """Raises DataError: a file cannot be read, is no text, or the files have unequal counts of lines."""
        files = [decoded_lines(decoded_blocks(path), str(path)) for path in self._paths.values()]
        lines = enumerate(zip_longest(*(map(_without_end, file) for file in files)), start=1)
        while chunk := list(islice(lines, size)):
            if None in chunk[-1][1]:
                raise self._unequal(chunk, files)
            columns = dict(zip(self._paths, zip(*(texts for _, texts in chunk), strict=True), strict=True))
            query, value = columns.pop("query"), columns.pop("value")
            yield PairRows(str(self._paths["query"]), [Row(*line) for line in chunk], query, value, columns)

    def _unequal(self, chunk: Sequence[tuple[int, Sequence[str | None]]], files: Sequence[Iterator[str]]) -> DataError:
        counts = [chunk[0][0] - 1 + sum(texts[i] is not None for _, texts in chunk) for i in range(len(files))]
        counts = [count + sum(1 for _ in file) for count, file in zip(counts, files, strict=True)]
        told = ", ".join(f"{path}: {count:,} lines" for path, count in zip(self._paths.values(), counts, strict=True))
        return DataError(f"{told}; line N of each belongs to pair N")


class TabPairs:
    """The pairs of a stream of lines `query<TAB>value`, which is read once, line by line as they come."""

    sides: Sequence[str] = ()
    names = ("<stdin>", "<stdin>")
    repeatable = False

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def rows(self, size: int = ROWS, pass_over: bool = False) -> Iterator[PairRows]:
        """Raises DataError: the stream is no text, or a line has not one tab."""
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
    """A pair of texts that is given itself."""

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


class _Kept:
    """A stream, of which what was read is kept in a file without a name, so that it can be read again."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._file = stream, tempfile.TemporaryFile()  # noqa: SIM115  (open as long as this is)
        self.name = str(getattr(stream, "name", "<stdin>"))
        weakref.finalize(self, self._file.close)

    def read_at(self, start: int, size: int) -> bytes:
        """The bytes from `start` on, which is not behind what was read before."""
        self._file.seek(start)
        if kept := self._file.read(size):
            return kept
        block = self._stream.read(size)
        with telling_of_a_full_disk(Path(tempfile.gettempdir()) / self.name):
            self._file.write(block)
            self._file.flush()
        return block


class _Again:
    """What was kept, and what comes behind it, from the beginning on."""

    def __init__(self, kept: _Kept) -> None:
        self._kept, self._at, self.name = kept, 0, kept.name

    def read(self, size: int) -> bytes:
        block = self._kept.read_at(self._at, size)
        self._at += len(block)
        return block


def _kept(source: Source) -> Path | _Kept:
    """What can be read again: a regular file, or what is kept of a pipe; what is missing is for its reader to tell."""
    if not isinstance(source, Path):
        return _Kept(source)
    try:
        return _Kept(source.open("rb")) if source.is_fifo() else source
    except OSError:
        return source


def _again(source: Path | _Kept) -> Source:
    return source if isinstance(source, Path) else cast(BinaryIO, _Again(source))


def _without_end(line: str) -> str:
    return line.removesuffix("\n").removesuffix("\r")
