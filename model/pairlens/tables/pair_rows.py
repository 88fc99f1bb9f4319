"""A table as pairs of texts, some thousand rows at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from operator import itemgetter
from typing import Any, NamedTuple

from pairlens.errors import DataError
from pairlens.tables.columns import Columns
from pairlens.tables.table import MISSING, Row, Table, as_text

ROWS = 8192


class PairRows(NamedTuple):
    """Some consecutive rows of a table.

    Attributes:
        name: of the table, for messages.
        rows: as they are.
        query, value: the two texts of each.
        others: what else was chosen of each, such as its label, by part.
    """

    name: str
    rows: Sequence[Row]
    query: Sequence[str]
    value: Sequence[str]
    others: Mapping[str, Sequence[str]]

    def place(self, index: int) -> str:
        """`file:line` of a row."""
        return f"{self.name}:{self.rows[index].line}"


def pair_rows(table: Table, columns: Columns, size: int = ROWS) -> Iterator[PairRows]:
    """Yields the rows in chunks of exactly `size`, the last one shorter.

    Raises:
        DataError: a fault of the file; a row lacks a column, or holds a list or an object in it.
    """
    rows = iter(table)
    while chunk := list(islice(rows, size)):
        texts = {
            part: _column(table, chunk, part, index) for part, index in columns._asdict().items() if index is not None
        }
        yield PairRows(table.name, chunk, texts.pop("query"), texts.pop("value"), texts)


def _column(table: Table, rows: Sequence[Row], part: str, index: int) -> Sequence[str]:
    try:
        values = list(map(itemgetter(index), map(itemgetter(1), rows)))
    except IndexError:
        row = next(row for row in rows if len(row.values) <= index)
        raise _too_short(table, row, part, index) from None
    if all(type(value) is str for value in values):
        return values
    return [_as_text(table, row, part, index, value) for row, value in zip(rows, values, strict=True)]


def _as_text(table: Table, row: Row, part: str, index: int, value: Any) -> str:
    text = as_text(value)
    if text is not None:
        return text
    column = table.columns[index] if table.columns else str(index + 1)
    if value is MISSING:
        raise DataError(
            f"{table.name}:{row.line}: has no {column!r}, the {part}; give every row one, null if it is empty"
        )
    raise DataError(f"{table.name}:{row.line}: {column!r}, the {part}, is a {type(value).__name__}; must be text")


def _too_short(table: Table, row: Row, part: str, index: int) -> DataError:
    found = f"{len(row.values)} column{'s' if len(row.values) != 1 else ''}"
    called = f" ({table.columns[index]})" if table.columns else ""
    layout = table.layout
    read = f"read as {layout.format} with {layout.delimiter!r} between columns"
    return DataError(
        f"{table.name}:{row.line}: {found}, but the {part} is column {index + 1}{called}; mend the row, or if the file "
        f"was misread ({read}), say --input-format or --delimiter"
    )
