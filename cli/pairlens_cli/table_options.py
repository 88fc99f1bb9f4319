"""The options of commands that read tables of texts: which columns, and how the rows are written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pairlens.errors import UsageError

if TYPE_CHECKING:
    from pairlens.tables.pairs import TableOptions

_PANEL = "Tables"


def _column(option: str, what: str) -> object:
    return typer.Option(option, metavar="NAME|N", help=what, rich_help_panel=_PANEL, show_default=False)


QueryColumn = Annotated[
    str | None,
    _column("--query-column", "The queries: a column's name, or its number from 1; default: by usual names."),
]
ValueColumn = Annotated[str | None, _column("--value-column", "The values.")]
LabelColumn = Annotated[
    str | None, _column("--label-column", "The labels; default: by usual names; none: there are none.")
]
GroupColumn = Annotated[str | None, _column("--group-column", "For ranking, the groups; default: by usual names.")]
WeightColumn = Annotated[str | None, _column("--weight-column", "How much each pair counts in training.")]
IdColumn = Annotated[str | None, _column("--id-column", "What names each pair.")]
InputFormat = Annotated[
    Literal["csv", "tsv", "jsonl", "parquet"] | None,
    typer.Option(
        "--input-format",
        help="What the rows are: csv may quote its fields, in tsv a quote is text; default: found by looking.",
        rich_help_panel=_PANEL,
        show_default=False,
    ),
]
Delimiter = Annotated[
    str | None,
    typer.Option("--delimiter", metavar="C", help="The character between fields of csv.", rich_help_panel=_PANEL),
]
Header = Annotated[
    bool | None,
    typer.Option(
        "--header/--no-header",
        help="Whether the first row names the columns; default: it does, unless all columns are given as numbers.",
        rich_help_panel=_PANEL,
        show_default=False,
    ),
]


def input_options(
    table: Path | None,
    columns: dict[str, str | None],
    input_format: Literal["csv", "tsv", "jsonl", "parquet"] | None,
    delimiter: str | None,
    header: bool | None,
) -> TableOptions | None:
    """What these options say of the table of --input; None if there is no table.

    Raises:
        UsageError: they would be idle.
    """
    if table is not None:
        return table_options(columns, input_format, delimiter, header)
    if any(one is not None for one in (*columns.values(), input_format, delimiter, header)):
        raise UsageError("the options of tables say how --input is read; add --input FILE")
    return None


def table_options(
    columns: dict[str, str | None],
    input_format: Literal["csv", "tsv", "jsonl", "parquet"] | None,
    delimiter: str | None,
    header: bool | None,
) -> TableOptions:
    """What these options say; `columns` has them by part, such as query."""
    from pairlens.tables.columns import ColumnOptions
    from pairlens.tables.pairs import TableOptions

    if delimiter == "\\t":  # as people type a tab
        delimiter = "\t"
    return TableOptions(ColumnOptions(**columns), input_format, delimiter, header)
