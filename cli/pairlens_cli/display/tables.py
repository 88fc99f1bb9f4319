"""Tables on stderr, and numbers in them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from pairlens.texts.words import printable
from pairlens_cli import output


def say_table(
    headings: Sequence[str], rows: Iterable[Sequence[str]], right: int | None = None, caption: str | None = None
) -> None:
    """Show a table of plain text (no markup); `right` columns after the first (default: all) are right-aligned."""
    from rich.table import Table
    from rich.text import Text

    table = Table(caption=caption)
    last = len(headings) if right is None else right
    for i, heading in enumerate(headings):
        table.add_column(Text(printable(heading)), justify="right" if 0 < i <= last else "left")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    output.say(table)


def number(value: float, digits: int = 4, sign: str = "") -> str:
    """Format a number; with `sign="+"` it always has its sign."""
    return "undefined" if math.isnan(value) else f"{value:{sign}.{digits}f}"
