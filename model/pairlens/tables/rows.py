"""Rows of tables, as they are passed on; what reads them is not needed to look at them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

ROWS = 8192  # that are read at once
MISSING = object()  # in a row of JSON that lacks the key of a column


class Row(NamedTuple):
    """The values of a row by column, and the line on which it begins, from 1; of Parquet, the row."""

    line: int
    values: Sequence[Any]


class PairRows(NamedTuple):
    """Some consecutive rows of a table.

    Attributes:
        name: of the table, for messages.
        rows: as they are.
        query, value: the two texts of each.
        others: what else was chosen of each, such as its label, by part.
        faults: what is wrong with rows that were passed over, by their index; their texts are empty.
        columns: their names; None if the table has no header.
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
