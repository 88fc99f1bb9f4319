"""Attention scores of pairs as pictures for print: `.png`, `.svg` or `.pdf`.

Words remain text in SVG and PDF. Every script for which a font is installed is drawn, right to left if it is written so
(matplotlib shapes text from 3.11 on).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING, Any, NamedTuple
from warnings import catch_warnings, filterwarnings

import numpy as np
from numpy.typing import NDArray

from pairlens.attention.fonts import fonts_for
from pairlens.attention.window import side_shown, strongest_window
from pairlens.files import whole_file
from pairlens.locations.location import Location
from pairlens.scoring.maps import PairAttention
from pairlens.texts.words import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PICTURE_SUFFIXES = (".png", ".svg", ".pdf")
LARGEST_GRID = 36  # maps

_MOST_TOKENS = 60  # per side; of a longer text only the strongest part is shown
_LONGEST_WORD = 20  # characters
_CELL = 0.3  # inches
_POINTS = 9
_NUMBERED = 30  # a map with at most this many columns has numbers in its cells
_COLOURS = "Blues"  # one hue, light for 0: works in greyscale and for colour-blind readers
_SETTINGS: dict[str, Any] = {
    "font.size": _POINTS,
    "text.parse_math": False,  # a word may contain a dollar sign
    "svg.fonttype": "none",
    "svg.hashsalt": "pairlens",
    "pdf.fonttype": 42,
    "figure.constrained_layout.w_pad": 0.15,
    "figure.constrained_layout.h_pad": 0.15,
}


class PairMap(NamedTuple):
    """A pair to draw: its number in the file, its attention and its score."""

    pair: int
    attention: PairAttention
    score: float


class _Panel(NamedTuple):
    """One matrix [rows, columns] with its words and the names of its sides, cut to the part to draw."""

    title: str
    scores: NDArray[np.floating]
    rows: list[str]
    columns: list[str]
    row_name: str
    column_name: str


def write_picture(
    path: Location, pairs: Sequence[PairMap], vocabulary: Sequence[str] | None, replace: bool = True
) -> set[str]:
    """Draw the pairs into a file, in the format of its suffix, as `draw` does. It appears only when it is complete."""
    with whole_file(path, "w+b", replace) as file:
        return draw(file, path.suffix.removeprefix("."), pairs, vocabulary)


def draw(file: IO[bytes], kind: str, pairs: Sequence[PairMap], vocabulary: Sequence[str] | None) -> set[str]:
    """Draw the pairs next to each other in one picture, with a map for each direction of the model.

    The same pairs give the same bytes on the same machine.

    Args:
        kind: png, svg or pdf.

    Returns:
        The scripts in the words for which no font is installed; their characters are drawn as boxes.
    """
    from matplotlib import rc_context

    panels = [panel for pair in pairs for panel in _panels(pair, vocabulary)]
    words = {word for panel in panels for word in (*panel.rows, *panel.columns)}
    families, missing = fonts_for("".join(words))
    undated = {"png": {"Software": "pairlens"}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}[kind]
    # The generic name is for viewers of an SVG that lack these fonts.
    settings: Any = {**_SETTINGS, "font.family": [*families, "sans-serif"], "font.sans-serif": families}
    with rc_context(settings), catch_warnings():
        filterwarnings("ignore", "Glyph .* missing from font")  # the return value reports it
        figure = _figure(panels)
        figure.savefig(file, format=kind, dpi=200, bbox_inches="tight", pad_inches=0.1, metadata=undated)
    return missing


def numbered(path: Location, pair: int) -> Location:
    """The path of one pair's picture among several: maps-5.png for maps.png and pair 5."""
    return path.with_name(f"{path.stem}-{pair}{path.suffix}")


def existing_pictures(path: Location) -> list[Location]:
    """Existing files with names that `numbered` may return, in the order of their numbers."""
    found = path.parent.glob(f"{_literal(path.stem)}-*{_literal(path.suffix)}")
    numbers = {p: p.stem.removeprefix(f"{path.stem}-") for p in found}
    return sorted((p for p, number in numbers.items() if number.isdecimal()), key=lambda p: int(numbers[p]))


def _literal(name: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)


# ---- what is shown ---------------------------------------------------------------------------------------------------


def _panels(pair: PairMap, vocabulary: Sequence[str] | None) -> list[_Panel]:
    attention = pair.attention
    words = attention.marked_words(vocabulary)
    query, value = ((name, list(map(printable, side))) for name, side in zip(("query", "value"), words, strict=True))
    title = f"pair {pair.pair}  score {pair.score:.4f}"
    panels = [_panel(title, attention.scores, query, value)]
    if attention.value_scores is not None:
        panels.append(_panel(title, attention.value_scores, value, query))
    return panels


def _panel(
    title: str, scores: NDArray[np.floating], rows: tuple[str, list[str]], columns: tuple[str, list[str]]
) -> _Panel:
    """A panel with the part around the strongest score that fits."""
    shown = [slice(0, n) for n in scores.shape]
    if scores.size:
        squares = np.square(scores, dtype=np.float64)  # a strong score outweighs many weak ones
        for axis, at in enumerate(np.unravel_index(np.argmax(scores), scores.shape)):
            shown[axis] = strongest_window(squares.sum(axis=1 - axis), int(at), _MOST_TOKENS)
    names = [side_shown(name, part, len(words)) for (name, words), part in zip((rows, columns), shown, strict=True)]
    words = [[_short(w) for w in words[part]] for (_, words), part in zip((rows, columns), shown, strict=True)]
    return _Panel(title, scores[shown[0], shown[1]], words[0], words[1], names[0], names[1])


def _short(word: str) -> str:
    return word if len(word) <= _LONGEST_WORD else word[: _LONGEST_WORD - 1] + "…"


# ---- how it is drawn -------------------------------------------------------------------------------------------------


def _figure(panels: Sequence[_Panel]) -> Figure:
    """Draw the panels in a grid about as wide as high, with both directions of a pair next to each other."""
    from matplotlib.figure import Figure

    n_columns = len(panels) if len(panels) < 3 else 2 * math.ceil(math.sqrt(len(panels)) / 2)
    n_rows = math.ceil(len(panels) / n_columns)
    grid = [panels[i * n_columns : (i + 1) * n_columns] for i in range(n_rows)]
    widths = [max(_width(row[j]) for row in grid if j < len(row)) for j in range(n_columns)]
    heights = [max(map(_height, row)) for row in grid]
    figure = Figure(figsize=(sum(widths) + 1.0, sum(heights)), layout="constrained")
    axes = figure.subplots(n_rows, n_columns, squeeze=False, width_ratios=widths, height_ratios=heights)
    top = max((float(panel.scores.max()) for panel in panels if panel.scores.size), default=0.0) or 1.0
    flat = axes.ravel()
    meshes = [_draw(ax, panel, top) for ax, panel in zip(flat, panels, strict=False)]
    for ax in flat[len(panels) :]:
        ax.set_axis_off()
    bar = figure.colorbar(meshes[0], ax=axes, shrink=min(1.0, 1.6 / sum(heights) + 0.4), aspect=25, pad=0.02)
    bar.set_label("attention score")
    bar.outline.set_visible(False)
    return figure


def _width(panel: _Panel) -> float:
    """The width of a panel in inches: its cells and a margin for the words."""
    return _CELL * max(len(panel.columns), 4) + _label(panel.rows)


def _height(panel: _Panel) -> float:
    return _CELL * max(len(panel.rows), 4) + _label(panel.columns) + 0.5


def _label(words: list[str]) -> float:
    return 0.5 + 0.6 * _POINTS / 72 * max((len(word) for word in words), default=0)


def _draw(ax: Axes, panel: _Panel, top: float) -> Any:
    """Draw one map, with colours from 0 to `top`."""
    Tq, Tv = panel.scores.shape
    ax.set_title(panel.title, fontsize=_POINTS + 1, loc="left")
    mesh = ax.pcolormesh(panel.scores.astype(np.float64), vmin=0, vmax=top, cmap=_COLOURS, edgecolors="w", lw=0.4)
    ax.set_aspect("equal", anchor="NW")
    ax.invert_yaxis()
    ax.xaxis.tick_top()
    ax.xaxis.set_label_position("bottom")
    ax.set_xlabel(f"{panel.column_name} →")
    ax.set_ylabel(f"← {panel.row_name} attends to")
    ax.set_xticks(np.arange(Tv) + 0.5)
    ax.set_yticks(np.arange(Tq) + 0.5)
    ax.set_xticklabels(panel.columns, rotation=45, ha="left", rotation_mode="anchor")
    ax.set_yticklabels(panel.rows)
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    if Tv <= _NUMBERED:
        for (i, j), weight in np.ndenumerate(panel.scores):
            if (number := round(100 * float(weight))) > 0:
                colour = "white" if weight > 0.6 * top else "black"
                ax.text(j + 0.5, i + 0.5, str(number), ha="center", va="center", color=colour, fontsize=_POINTS - 3)
    return mesh
