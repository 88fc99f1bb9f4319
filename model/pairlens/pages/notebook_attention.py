"""Attention for notebooks: heat maps, and links between the words, as HTML of SVG drawings.

There is no script, style sheet or request in it. Words have the notebook's text colour, and blue is laid over its
background, so that it suits light and dark themes.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from unicodedata import east_asian_width

import numpy as np

from pairlens.attention.window import side_shown, strongest_window
from pairlens.scoring.maps import Floats, PairAttention
from pairlens.texts.words import harmless

_SHOWN_PAIRS = 3
_MOST_TOKENS = 30  # of a text; of a longer one only the strongest part is shown
_LONGEST_WORD = 20  # characters
_CELL, _LETTER = 24, 7  # px
_FAINTEST = 0.05  # of the links that are drawn
_BLUE = "#1f83c9"
_TEXT = 'font-family="system-ui,sans-serif" font-size="12" fill="currentColor"'

Side = tuple[str, list[str]]  # its name and its words


def attentions_html(attentions: Sequence[PairAttention], vocabulary: Sequence[str] | None) -> str:
    """The first pairs of several, and how many more there are."""
    if len(attentions) == 1:
        return attention_html(attentions[0], vocabulary)
    shown = [f"<div>pair {i}</div>{attention_html(one, vocabulary)}" for i, one in enumerate(attentions[:_SHOWN_PAIRS])]
    more = len(attentions) - len(shown)
    return "".join([*shown, f"<div>and {more:,} more pairs</div>" if more > 0 else ""])


def attention_html(attention: PairAttention, vocabulary: Sequence[str] | None) -> str:
    """A pair: a heat map of each direction, with per cents, and the links from query to value.

    Args:
        vocabulary: the word of each id; None shows ids.
    """
    words = [[_short(word) for word in side] for side in attention.marked_words(vocabulary)]
    query, value = ("query", words[0]), ("value", words[1])
    drawings = [_heat_map(*_strongest(attention.scores, query, value))]
    if attention.value_scores is not None:
        drawings.append(_heat_map(*_strongest(attention.value_scores, value, query)))
    drawings.append(_links(*_strongest(attention.scores, query, value)))
    return f'<div style="display:flex;flex-wrap:wrap;gap:24px;align-items:flex-start">{"".join(drawings)}</div>'


def _strongest(scores: Floats, rows: Side, columns: Side) -> tuple[Floats, Side, Side]:
    """The part of the scores [rows, columns] around the strongest one that fits, with its sides."""
    if not scores.size:
        return scores, rows, columns
    squares = np.square(scores, dtype=np.float64)
    at = np.unravel_index(np.argmax(scores), scores.shape)
    shown = [strongest_window(squares.sum(axis=1 - axis), int(at[axis]), _MOST_TOKENS) for axis in (0, 1)]
    sides = [
        (side_shown(name, part, len(words)), words[part])
        for (name, words), part in zip((rows, columns), shown, strict=True)
    ]
    return scores[shown[0], shown[1]], sides[0], sides[1]


def _heat_map(scores: Floats, rows: Side, columns: Side) -> str:
    """Rows attend to columns; a cell shows per cent, and nothing if that rounds to 0."""
    left, top = _width(rows[1]) + 8, 20 + round(0.71 * _width(columns[1])) + 8
    marks = [_label(0, 12, f"{rows[0]} ↓ attends to {columns[0]} →", "start")]
    marks += [_label(left - 6, top + _CELL * i + 16, word, "end") for i, word in enumerate(rows[1])]
    for j, word in enumerate(columns[1]):
        x, y = left + _CELL * j + 14, top - 5
        marks.append(_label(x, y, word, "start", f' transform="rotate(-45 {x} {y})"'))
    strongest = float(scores.max(initial=0.0)) or 1.0
    boxes, numbers = [], []
    for (i, j), score in np.ndenumerate(scores):
        if percent := round(100 * float(score)):
            x, y, side = left + _CELL * int(j), top + _CELL * int(i), _CELL - 1
            box = f"M{x} {y}h{side}v{side}h-{side}z"
            boxes.append(f'<path d="{box}" fill-opacity="{0.75 * float(score) / strongest:.2f}"/>')
            numbers.append(f'<text x="{x + side // 2}" y="{y + 16}">{percent}</text>')
    marks += [f'<g fill="{_BLUE}">', *boxes, '</g><g font-size="10" text-anchor="middle">', *numbers, "</g>"]
    slanted = round(0.71 * _width(columns[1]))
    width = max(left + _CELL * len(columns[1]) + slanted, 7 * len(f"{rows[0]} attends to {columns[0]}") + 30)
    return _svg(width, top + _CELL * len(rows[1]), f"{rows[0]} attends to {columns[0]}", marks)


def _links(scores: Floats, rows: Side, columns: Side) -> str:
    """The words of both sides, each below the other, with lines as strong as the attention between them."""
    left, top = _width(rows[1]) + 8, 26
    right = left + 120
    marks = [_label(left, 12, rows[0], "end"), _label(right, 12, columns[0], "start")]
    marks += [_label(left, top + 20 * i + 12, word, "end") for i, word in enumerate(rows[1])]
    marks += [_label(right, top + 20 * j + 12, word, "start") for j, word in enumerate(columns[1])]
    marks.append(f'<g stroke="{_BLUE}" stroke-width="2">')
    for (i, j), score in np.ndenumerate(scores):
        if score >= _FAINTEST:
            line = f"M{left + 4} {top + 20 * int(i) + 8}L{right - 4} {top + 20 * int(j) + 8}"
            marks.append(f'<path d="{line}" stroke-opacity="{float(score):.2f}"/>')
    marks.append("</g>")
    height = top + 20 * max(len(rows[1]), len(columns[1]))
    return _svg(right + _width(columns[1]) + 8, height, f"links from {rows[0]} to {columns[0]}", marks)


def _svg(width: int, height: int, description: str, marks: Sequence[str]) -> str:
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    return f'<svg role="img" aria-label="{escape(description)}" {size} {_TEXT}>{"".join(marks)}</svg>'


def _label(x: float, y: float, text: str, anchor: str, more: str = "") -> str:
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}"{more}>{escape(text)}</text>'


def _short(word: str) -> str:
    word = harmless(word)
    return word if len(word) <= _LONGEST_WORD else word[: _LONGEST_WORD - 1] + "…"


def _width(words: Sequence[str]) -> int:
    """About the width of the widest word in px; East Asian characters are as wide as two others."""
    return _LETTER * max((sum(1 + (east_asian_width(c) in "WF") for c in word) for word in words), default=0)
