"""Reading a table as pairs of texts, some thousand rows at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from operator import itemgetter

from pairlens.errors import DataError
from pairlens.tables.columns import Columns
from pairlens.tables.rows import MISSING, ROWS, PairRows, Row
from pairlens.tables.table import Table, as_text


def pair_rows(table: Table, columns: Columns, size: int = ROWS, pass_over: bool = False) -> Iterator[PairRows]:
    """Yield the rows in chunks of exactly `size`, the last one shorter. With `pass_over`, rows that lack a needed
    column are listed as faults.

    Raises:
        DataError: the file has a fault; a row lacks a column, or has a list or an object in it.
    """
    rows = iter(table)
    while chunk := list(islice(rows, size)):
        faults = _broken(table, chunk, columns) if pass_over else {}
        whole = [_empty_row(row, columns) if i in faults else row for i, row in enumerate(chunk)] if faults else chunk
        texts = {part: _column(table, whole, part, index) for part, index in columns.chosen()}
        yield PairRows(table.name, chunk, texts.pop("query"), texts.pop("value"), texts, faults, table.columns)


def _broken(table: Table, rows: Sequence[Row], columns: Columns) -> dict[int, str]:
    """What is wrong with the rows that have a fault, by index."""
    faults = {}
    for i, row in enumerate(rows):
        for part, index in columns.chosen():
            if len(row.values) <= index or as_text(row.values[index]) is None:
                faults[i] = _fault(table, row, part, index)
                break
    return faults


def _empty_row(row: Row, columns: Columns) -> Row:
    """An empty row with all needed columns."""
    return Row(row.line, [""] * (max(index for _, index in columns.chosen()) + 1))


def _column(table: Table, rows: Sequence[Row], part: str, index: int) -> Sequence[str]:
    try:
        values = list(map(itemgetter(index), map(itemgetter(1), rows)))
    except IndexError:
        row = next(row for row in rows if len(row.values) <= index)
        raise DataError(f"{table.name}:{row.line}: {_fault(table, row, part, index)}") from None
    if all(type(value) is str for value in values):
        return values
    texts = [as_text(value) for value in values]
    if None in texts:
        row = rows[texts.index(None)]
        raise DataError(f"{table.name}:{row.line}: {_fault(table, row, part, index)}")
    return texts  # type: ignore[return-value]


def _fault(table: Table, row: Row, part: str, index: int) -> str:
    """The reason why a row has no text in a column."""
    column = repr(table.columns[index]) if table.columns else f"column {index + 1}"
    if len(row.values) <= index:
        layout = table.layout
        return (
            f"{len(row.values)} column{'s' if len(row.values) != 1 else ''}, but the {part} is column {index + 1}; "
            f"correct the row, or give --input-format or --delimiter if the file was misread (as {layout.format} with "
            f"{layout.delimiter!r} between columns)"
        )
    if row.values[index] is MISSING:
        return f"no {column} (the {part}) in this row; write null if it is empty"
    return f"{column} (the {part}) is a {type(row.values[index]).__name__}; must be text"
