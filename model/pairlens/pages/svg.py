"""Charts as inline SVG: few ticks, values on hover (charts.js), colours from charts.css.

All text is escaped here. Coordinates are px in a drawing that is WIDTH wide.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple

WIDTH, HEIGHT = 340, 236
_LEFT, _RIGHT, _BOTTOM = 40, 18, 40


class Axis(NamedTuple):
    """An axis from `low` to `high`, with a name and (value, text) of each tick."""

    low: float
    high: float
    name: str
    ticks: Sequence[tuple[float, str]]


def axis(low: float, high: float, name: str, ticks: int = 5) -> Axis:
    """An axis with at most `ticks` + 1 round ticks; it has width 1 if `low` equals `high`."""
    if not high > low:
        low, high = low - 0.5, high + 0.5
    step = _round_step((high - low) / ticks)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return Axis(low, high, name, [(i * step, f"{i * step:,.{decimals}f}") for i in range(first, last + 1)])


def counts_axis(most: float, name: str = "pairs") -> Axis:
    """An axis from 0 for counts, with integer ticks."""
    low, high, name, ticks = axis(0, max(most, 1), name, 4)
    return Axis(low, high * 1.04, name, [(value, short(value)) for value, _ in ticks if value == round(value)])


def short(count: float) -> str:
    """Abbreviate a count to at most five characters: 20k is 20,000."""
    size, letter = next(((size, letter) for size, letter in ((1e6, "M"), (1e4, "k")) if count >= size), (1.0, ""))
    return f"{count / (1e3 if letter == 'k' else size):g}{letter}"


def unit_axis(name: str) -> Axis:
    return Axis(0, 1, name, [(0, "0"), (0.25, ""), (0.5, "0.5"), (0.75, ""), (1, "1")])


def _round_step(step: float) -> float:
    """Round a step up to 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(round_ * power for round_ in (1, 2, 5, 10) if round_ * power >= step * (1 - 1e-9))


class Chart:
    """A drawing with two axes; later marks cover earlier ones.

    A mark with a `tip` shows that text on hover and on keyboard focus. `style` is a class in charts.css: `s0`, `s1`, …
    for the runs.
    """

    def __init__(self, x: Axis, y: Axis, height: int = HEIGHT) -> None:
        self._x, self._y, self._height, self._top = x, y, height, 24 if y.name else 10
        self._marks: list[str] = []
        self._ends: list[tuple[float, float, str, str]] = []

    def x(self, value: float) -> float:
        share = (value - self._x.low) / (self._x.high - self._x.low)
        return round(_LEFT + share * (WIDTH - _LEFT - _RIGHT), 2)

    def y(self, value: float) -> float:
        share = (value - self._y.low) / (self._y.high - self._y.low)
        return round(self._height - _BOTTOM - share * (self._height - self._top - _BOTTOM), 2)

    def line(self, x: Iterable[float], y: Iterable[float], style: str, end: str = "") -> None:
        """Add a line, broken at points that are NaN; `end` is a label at its end."""
        points = list(zip(x, y, strict=True))
        path, draw = [], "M"
        for a, b in points:
            if math.isnan(a) or math.isnan(b):
                draw = "M"
                continue
            path.append(f"{draw}{self.x(a):g} {self.y(b):g}")
            draw = "L"
        self._marks.append(f'<path class="line {style}" d="{"".join(path)}"/>')
        drawn = [(a, b) for a, b in points if not math.isnan(a) and not math.isnan(b)]
        if end and drawn:
            self._ends.append((self.x(drawn[-1][0]), self.y(drawn[-1][1]), end, style))

    def dot(self, x: float, y: float, style: str, tip: str, radius: float = 3) -> None:
        if not math.isnan(x) and not math.isnan(y):
            position = f'cx="{self.x(x):g}" cy="{self.y(y):g}" r="{radius:g}"'
            self._marks.append(f'<circle class="{style}" {position}{_tip(tip)}/>')

    def box(self, x: tuple[float, float], y: tuple[float, float], style: str, tip: str, gap: float = 1) -> None:
        """Add a rectangle between two values of x and two of y, made narrower by `gap` px."""
        left, right = sorted((self.x(x[0]), self.x(x[1])))
        top, bottom = sorted((self.y(y[0]), self.y(y[1])))
        position = f'x="{left + gap / 2:g}" y="{top:g}" width="{max(right - left - gap, 0.5):.2f}"'
        self._marks.append(f'<rect class="{style}" {position} height="{bottom - top:.2f}"{_tip(tip)}/>')

    def span(self, x: float, low: float, high: float, style: str) -> None:
        """Add a thin vertical line, such as an interval."""
        if not math.isnan(low) and not math.isnan(high):
            position = f'x1="{self.x(x):g}" x2="{self.x(x):g}" y1="{self.y(low):g}" y2="{self.y(high):g}"'
            self._marks.append(f'<line class="{style}" {position}/>')

    def text(self, x: float, y: float, text: str, anchor: str = "start", dy: float = 0) -> None:
        position = f'x="{self.x(x):g}" y="{self.y(y) + dy:g}" text-anchor="{anchor}"'
        self._marks.append(f'<text class="note" {position}>{escape(text)}</text>')

    def svg(self, description: str) -> str:
        """Return the drawing; `description` is its text for screen readers."""
        shown = [self._axes(), *self._marks, *self._named_ends()]
        box = f'viewBox="0 0 {WIDTH} {self._height}" width="{WIDTH}" height="{self._height}"'
        return f'<svg class="chart" role="img" aria-label="{escape(description)}" {box}>{"".join(shown)}</svg>'

    def _axes(self) -> str:
        left, right, bottom = _LEFT, WIDTH - _RIGHT, self._height - _BOTTOM
        parts = [f'<line class="axis" x1="{left}" x2="{right}" y1="{bottom}" y2="{bottom}"/>']
        for value, text in self._y.ticks:
            y = self.y(value)
            parts.append(f'<line class="grid" x1="{left}" x2="{right}" y1="{y:g}" y2="{y:g}"/>')
            parts.append(f'<text class="tick" x="{left - 7}" y="{y + 4:g}" text-anchor="end">{escape(text)}</text>')
        for value, text in self._x.ticks:
            x = self.x(value)
            parts.append(f'<line class="axis" x1="{x:g}" x2="{x:g}" y1="{bottom}" y2="{bottom + 4}"/>')
            parts.append(f'<text class="tick" x="{x:g}" y="{bottom + 17}" text-anchor="middle">{escape(text)}</text>')
        middle = (left + right) / 2
        parts.append(f'<text class="name" x="{middle:g}" y="{self._height - 5}" text-anchor="middle">')
        parts.append(f"{escape(self._x.name)}</text>")
        parts.append(f'<text class="name" x="2" y="10">{escape(self._y.name)}</text>')
        return "".join(parts)

    def _named_ends(self) -> list[str]:
        """The labels at the ends of the lines, moved apart so that they do not overlap."""
        ends, positions, lowest = sorted(self._ends, key=lambda end: end[1]), [], -math.inf
        for _, y, _, _ in ends:
            lowest = max(y, lowest + 11)
            positions.append(lowest)
        over = max(0, lowest - self._height + _BOTTOM)
        return [
            f'<text class="end {style}" x="{x + 7:g}" y="{position - over + 4:g}">{escape(name)}</text>'
            for (x, _, name, style), position in zip(ends, positions, strict=True)
        ]


def _tip(text: str) -> str:
    return f' data-tip="{escape(text)}"' if text else ""
