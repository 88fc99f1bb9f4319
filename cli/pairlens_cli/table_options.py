"""Options for tables of texts: their columns and their format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pairlens.errors import UsageError
from pairlens.locations.location import Location

if TYPE_CHECKING:
    from pairlens.tables.pairs import TableOptions

_PANEL = "Tables"


def _column(option: str, what: str) -> object:
    return typer.Option(option, metavar="NAME|N", help=what, rich_help_panel=_PANEL, show_default=False)


QueryColumn = Annotated[
    str | None,
    _column("--query-column", "Column of queries: its name, or its number from 1; default: found by common names."),
]
ValueColumn = Annotated[str | None, _column("--value-column", "Column of values; default: found by common names.")]
LabelColumn = Annotated[
    str | None, _column("--label-column", "Column of labels, or none; default: found by common names.")
]
GroupColumn = Annotated[
    str | None, _column("--group-column", "Column of groups, for ranking; default: found by common names.")
]
WeightColumn = Annotated[str | None, _column("--weight-column", "Column of the pairs' weights in training.")]
IdColumn = Annotated[str | None, _column("--id-column", "Column of the pairs' ids.")]
InputFormat = Annotated[
    Literal["csv", "tsv", "jsonl", "parquet"] | None,
    typer.Option(
        "--input-format",
        help="Format of the table; csv may quote fields, in tsv quotes are text; default: detected from the content.",
        rich_help_panel=_PANEL,
        show_default=False,
    ),
]
Delimiter = Annotated[
    str | None,
    typer.Option("--delimiter", metavar="C", help="Character between the fields of csv.", rich_help_panel=_PANEL),
]
Header = Annotated[
    bool | None,
    typer.Option(
        "--header/--no-header",
        help="Whether the first row names the columns; default: yes, unless all columns are given as numbers.",
        rich_help_panel=_PANEL,
        show_default=False,
    ),
]


def input_options(
    table: Location | None,
    columns: dict[str, str | None],
    input_format: Literal["csv", "tsv", "jsonl", "parquet"] | None,
    delimiter: str | None,
    header: bool | None,
) -> TableOptions | None:
    """Return how to read the table of --input; None without a table.

    Raises:
        UsageError: there are options, but no table.
    """
    if table is not None:
        return table_options(columns, input_format, delimiter, header)
    if any(one is not None for one in (*columns.values(), input_format, delimiter, header)):
        raise UsageError("the options for tables are for --input; add --input FILE")
    return None


def table_options(
    columns: dict[str, str | None],
    input_format: Literal["csv", "tsv", "jsonl", "parquet"] | None,
    delimiter: str | None,
    header: bool | None,
) -> TableOptions:
    """Return how to read a table; `columns` maps parts, such as query, to columns."""
    from pairlens.tables.columns import ColumnOptions
    from pairlens.tables.pairs import TableOptions

    if delimiter == "\\t":  # the way a tab is typed in a shell
        delimiter = "\t"
    return TableOptions(ColumnOptions(**columns), input_format, delimiter, header)
