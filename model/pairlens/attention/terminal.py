"""One pair's attention scores as a heat map in the terminal: the query's words down the side, the value's on top.

Every column is as wide as its word, so that the words across the top read like the text. A long text is wrapped, and
each line of it has its own part of the map below. A map larger than a screen is cut to the part around the strongest
score.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from pairlens.attention.window import side_shown, strongest_window
from pairlens.scoring.maps import PairAttention
from pairlens.texts.words import printable

Floats = NDArray[np.float32]
Side = tuple[str, list[str]]  # "query" or "value", and its words
Look = Literal["truecolor", "256", "shades", "numbers"]

_LINES = 40  # about a screen
_LONGEST = 24  # columns for a word
_STRONGEST = 3
_SHADES = " ░▒▓█"
_VIRIDIS = np.array([(68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37)])  # red, green, blue
_VIRIDIS_256 = (53, 24, 30, 36, 77, 149, 191, 227)  # about the same colours in the 256-colour palette


def heat_map(
    attention: PairAttention, query_words: Sequence[str], value_words: Sequence[str], width: int, look: Look
) -> Text:
    """A heat map of `scores`, and below it one of `value_scores` if the model has that direction.

    Args:
        attention: the attention of one pair.
        query_words, value_words: a word for each token of the query [Tq] and of the value [Tv].
        width: the width of the terminal in columns, at least 20; no line is wider.
        look: how cells are shaded: with colours, with block characters, or not at all (`numbers`, in ASCII).
    """
    query, value = ([printable(word) for word in words] for words in (query_words, value_words))
    maps = [_one_map(attention.scores, ("query", query), ("value", value), width, look)]
    if attention.value_scores is not None:
        maps.append(_one_map(attention.value_scores, ("value", value), ("query", query), width, look))
    return Text("\n\n").join(maps)


def best_look(console: Console) -> Look:
    """The best look for a terminal. Its 16 basic colours are not used: users redefine them."""
    if console.is_dumb_terminal or console.encoding.replace("_", "-") not in ("utf-8", "utf8"):
        return "numbers"
    if console.no_color or console.color_system not in ("truecolor", "256"):
        return "shades"
    return "256" if console.color_system == "256" else "truecolor"


def _one_map(scores: Floats, rows: Side, columns: Side, width: int, look: Look) -> Text:
    """A map of `scores` [rows, columns] with a title above, and a legend and the strongest scores below."""
    for name, words in (rows, columns):
        if not words:
            return Text(f"{name}: no tokens, so no attention")
    margin = min(max(map(cell_len, rows[1])), width // 4)
    widths = [min(max(cell_len(word), 3), _LONGEST, width - margin - 2) + 1 for word in columns[1]]
    bands = _wrap(widths, width - margin - 1)
    shown_rows, shown_bands = _strongest_part(scores, bands)
    shown_columns = slice(bands[shown_bands][0].start, bands[shown_bands][-1].stop)

    top = float(scores.max())
    down, right, dash = ("(down)", "(right)", "-") if look == "numbers" else ("↓", "→", "–")
    names = (
        side_shown(name, part, len(words), dash)
        for (name, words), part in ((rows, shown_rows), (columns, shown_columns))
    )
    lines = [Text(f"{next(names)} {down} attends to {next(names)} {right}", "bold")]
    for band in bands[shown_bands]:
        header = "".join(_fit(word, w - 1, look) + " " for word, w in zip(columns[1][band], widths[band], strict=True))
        lines.append(Text(" " * (margin + 1) + header))
        for word, weights in zip(rows[1][shown_rows], scores[shown_rows, band].tolist(), strict=True):
            label = _fit(word, min(cell_len(word), margin), look)
            cells = (_cell(weight, top, w, look) for weight, w in zip(weights, widths[band], strict=True))
            lines.append(Text.assemble(" " * (margin - cell_len(label)), label, " ", *cells))
    lines += [_legend(scores, look), _strongest(scores, rows[1], columns[1], "->" if look == "numbers" else "→")]
    for line in lines:
        line.truncate(width, overflow="crop" if look == "numbers" else "ellipsis")
    return Text("\n").join(lines)


# ---- what is shown where ---------------------------------------------------------------------------------------------


def _wrap(widths: list[int], available: int) -> list[slice]:
    """Wrap columns of these widths into lines of the available width."""
    starts, used = [0], 0
    for i, width in enumerate(widths):
        if used + width > available:
            starts.append(i)
            used = 0
        used += width
    return [slice(start, stop) for start, stop in zip(starts, [*starts[1:], len(widths)], strict=True)]


def _strongest_part(scores: Floats, bands: list[slice]) -> tuple[slice, slice]:
    """The rows and bands around the strongest score that fit on a screen."""
    row, column = np.unravel_index(np.argmax(scores), scores.shape)
    squares = np.square(scores, dtype=np.float64)  # a strong score outweighs many weak ones
    rows = strongest_window(squares.sum(axis=1), int(row), _LINES - 1)
    band = next(i for i, band in enumerate(bands) if column < band.stop)
    weights = np.array([squares[:, band].sum() for band in bands])
    return rows, strongest_window(weights, band, max(1, _LINES // (rows.stop - rows.start + 1)))


def _fit(word: str, width: int, look: Look) -> str:
    """The word in exactly `width` columns: padded with blanks or shortened."""
    more = "~" if look == "numbers" else "…"
    return set_cell_size(word if cell_len(word) <= width else set_cell_size(word, width - 1) + more, width)


# ---- shades ----------------------------------------------------------------------------------------------------------


def _cell(weight: float, top: float, width: int, look: Look) -> tuple[str, str]:
    """A cell's text and style: its weight in per cent unless that is 0, shaded by weight / top."""
    share = weight / top if top > 0 else 0.0
    number = f"{round(100 * weight) or ''}"
    if look == "numbers":
        return f"{number or '.':>{width - 1}} ", ""
    if look == "shades":
        return f"{number.rjust(width - 1, _SHADES[_step(share, len(_SHADES))])} ", ""
    return f"{number:^{width}}", _style(share, look)


def _step(share: float, steps: int) -> int:
    return min(int(share * steps), steps - 1)


def _style(share: float, look: Look) -> str:
    """Viridis, which suits colour-blind readers, from 0 to 1, with black or white text for contrast."""
    if look == "256":
        step = _step(share, len(_VIRIDIS_256))
        return f"color({16 if step > 1 else 231}) on color({_VIRIDIS_256[step]})"
    red, green, blue = (int(np.interp(share, np.linspace(0, 1, len(_VIRIDIS)), channel)) for channel in _VIRIDIS.T)
    return f"{'#000000' if share > 0.44 else '#ffffff'} on #{red:02x}{green:02x}{blue:02x}"


def _legend(scores: Floats, look: Look) -> Text:
    top = f"{scores.max():.0%}"
    # With `masking: none` some weight is on padding, so rows sum to less.
    sums = "; each row sums to 100% over all positions" if np.allclose(scores.sum(axis=1), 1.0, atol=1e-3) else ""
    if look == "numbers":
        return Text(f"per cent, up to {top}{sums}")
    if look == "shades":
        return Text(f"blank ░▒▓█ from 0% to {top}{sums}")
    return Text.assemble("0% ", *((" ", _style(i / 19, look)) for i in range(20)), f" {top}{sums}")


def _strongest(scores: Floats, rows: list[str], columns: list[str], arrow: str) -> Text:
    order = np.argsort(-scores, axis=None, kind="stable")[:_STRONGEST]
    cells = zip(*np.unravel_index(order, scores.shape), strict=True)
    return Text("strongest: " + ", ".join(f"{rows[i]} {arrow} {columns[j]} {scores[i, j]:.0%}" for i, j in cells))
