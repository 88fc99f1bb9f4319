"""The rows of tables, apart from the code that reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

ROWS = 8192  # rows per chunk
MISSING = object()  # the value in a JSON row that lacks the key of a column


class Row(NamedTuple):
    """The values of a row by column, and the line on which it begins, from 1; for Parquet, the row number."""

    line: int
    values: Sequence[Any]


class PairRows(NamedTuple):
    """Consecutive rows of a table.

    Attributes:
        name: the name of the table, for messages.
        rows: the unchanged rows.
        query, value: the two texts of each row.
        others: the other chosen columns, such as label, by part.
        faults: what is wrong with rows that were passed over, by index; their texts are empty.
        columns: the names of the columns; None if the table has no header.
    """

    name: str
    rows: Sequence[Row]
    query: Sequence[str]
    value: Sequence[str]
    others: Mapping[str, Sequence[str]]
    faults: Mapping[int, str] = {}
    columns: Sequence[str] | None = None

    def place(self, index: int) -> str:
        """`file:line` of a row."""
        return f"{self.name}:{self.rows[index].line}"
