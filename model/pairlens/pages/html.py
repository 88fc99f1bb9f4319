"""Tables and figures as HTML. All text is escaped here."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape

Cell = str | float | int | None


def number(value: float, sign: str = "") -> str:
    """Format a metric like `evaluate`, with four decimals."""
    return "undefined" if math.isnan(value) else f"{value:{sign}.4f}"


def interval(low: float, high: float, sign: str = "") -> str:
    return "" if math.isnan(low) else f"{low:{sign}.4f} to {high:{sign}.4f}"


def table(headings: Sequence[str], rows: Iterable[Sequence[Cell]], caption: str = "") -> str:
    """A table whose first column names the rows; numbers are right-aligned, with four significant digits."""
    head = "".join(f'<th scope="col"{_kind(i > 0)}>{escape(name)}</th>' for i, name in enumerate(headings))
    body = "".join(
        f'<tr><th scope="row">{escape(_text(first))}</th>'
        + "".join(f"<td{_kind(True)}>{escape(_text(cell))}</td>" for cell in rest)
        + "</tr>"
        for first, *rest in rows
    )
    title = f'<caption class="unseen">{escape(caption)}</caption>' if caption else ""
    return f'<div class="scrolls"><table>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def figure(title: str, caption: str, drawing: str, numbers: str = "") -> str:
    """A drawing with title and caption; `numbers`, a table, can be unfolded below it."""
    more = f'<details class="numbers"><summary>Numbers</summary>{numbers}</details>' if numbers else ""
    words = f"<h3>{escape(title)}</h3>" + (f"<p>{escape(caption)}</p>" if caption else "")
    return f'<figure class="panel"><figcaption>{words}</figcaption>{drawing}{more}</figure>'


def _kind(is_number: bool) -> str:
    return ' class="number"' if is_number else ""


def _text(cell: Cell) -> str:
    if isinstance(cell, float):
        return "" if math.isnan(cell) else f"{cell:.4g}"
    return "" if cell is None else f"{cell:,}" if isinstance(cell, int) else cell
