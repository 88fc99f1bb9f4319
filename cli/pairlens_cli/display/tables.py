"""Tables for people: what the JSON says, with fewer digits."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from pairlens.texts.words import printable
from pairlens_cli import output


def say_table(
    headings: Sequence[str], rows: Iterable[Sequence[str]], right: int | None = None, caption: str | None = None
) -> None:
    """Say a table, in which nothing is markup; of the columns behind the first, `right` (default: all) are numbers."""
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
    """With `sign="+"` a number has its sign always."""
    return "undefined" if math.isnan(value) else f"{value:{sign}.{digits}f}"
