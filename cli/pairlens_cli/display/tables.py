"""Tables on stderr or, as results, on stdout; and numbers in them."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from pairlens.texts.words import printable
from pairlens_cli import output

if TYPE_CHECKING:
    from rich.table import Table


def say_table(
    headings: Sequence[str], rows: Iterable[Sequence[str]], right: int | None = None, caption: str | None = None
) -> None:
    """Show a table of plain text (no markup); `right` columns after the first (default: all) are right-aligned."""
    output.say(_table(headings, rows, right, caption))


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table to stdout as a result: on a terminal as `say_table` shows it, else aligned by blanks only."""
    if sys.stdout.isatty():
        from rich.console import Console

        with output.stdout() as terminal:
            Console(file=terminal, highlight=False).print(_table(headings, rows, right=0))
        return
    from rich.cells import cell_len, set_cell_size

    lines = [[printable(cell) for cell in line] for line in (headings, *rows)]
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    with output.results(None) as file:
        for line in lines:
            file.write("  ".join(map(set_cell_size, line, widths)).rstrip() + "\n")


def _table(
    headings: Sequence[str], rows: Iterable[Sequence[str]], right: int | None, caption: str | None = None
) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(caption=caption)
    last = len(headings) if right is None else right
    for i, heading in enumerate(headings):
        table.add_column(Text(printable(heading)), justify="right" if 0 < i <= last else "left")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    return table


def number(value: float, digits: int = 4, sign: str = "") -> str:
    """Format a number; with `sign="+"` it always has its sign."""
    return "undefined" if math.isnan(value) else f"{value:{sign}.{digits}f}"
