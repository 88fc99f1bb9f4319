"""Heat maps in the terminal: words and weights can be read back, and control characters in words have no effect."""

from __future__ import annotations

import re
from io import BytesIO, StringIO, TextIOWrapper

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from rich.cells import cell_len
from rich.color_triplet import ColorTriplet
from rich.console import Console
from rich.style import Style
from rich.text import Text

from pairlens.attention.terminal import Look, best_look, heat_map
from pairlens.scoring.maps import PairAttention
from pairlens.texts.words import printable, words_of

looks: st.SearchStrategy[Look] = st.sampled_from(["truecolor", "256", "shades", "numbers"])
any_word = st.text(st.characters(), max_size=12)  # control characters and lone surrogates too


def attention_of(scores: object, value_scores: object = None) -> PairAttention:
    matrix = np.array(scores, np.float32)
    Tq, Tv = matrix.shape
    other = None if value_scores is None else np.array(value_scores, np.float32)
    return PairAttention(np.arange(Tq, dtype=np.int32), np.arange(Tv, dtype=np.int32), matrix, other)


def numbers(count: int) -> list[str]:
    return [str(i) for i in range(count)]


def lines_of(text: Text) -> list[str]:
    return [line.rstrip() for line in text.plain.split("\n")]


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    exp = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(exp / exp.sum(axis=1, keepdims=True))


# ---- a map -----------------------------------------------------------------------------------------------------------

CAR = attention_of([[0.25, 0.75], [1.0, 0.0]])


def test_a_map_without_colours() -> None:
    # Five shades up to 1.0, blank below 0.2: 0.25 has the second, 0.75 the fourth, and 100 fills its cell.
    assert lines_of(heat_map(CAR, ["car", "drives"], ["an", "automobile"], 80, look="shades")) == [
        "query ↓ attends to value →",
        "       an  automobile",
        "   car ░25 ▓▓▓▓▓▓▓▓75",
        "drives 100",
        "blank ░▒▓█ from 0% to 100%; each row sums to 100% over all positions",
        "strongest: drives → an 100%, car → automobile 75%, car → an 25%",
    ]


def test_a_map_as_numbers_in_ascii() -> None:
    lines = lines_of(heat_map(CAR, ["car", "drives"], ["an", "automobile"], 80, look="numbers"))
    assert lines == [
        "query (down) attends to value (right)",
        "       an  automobile",
        "   car  25         75",
        "drives 100          .",
        "per cent, up to 100%; each row sums to 100% over all positions",
        "strongest: drives -> an 100%, car -> automobile 75%, car -> an 25%",
    ]
    narrow = heat_map(CAR, ["car", "drives"], ["an", "automobile"], 20, look="numbers").plain
    assert "driv~" in narrow
    assert narrow.isascii()


@pytest.mark.parametrize(
    ("environment", "encoding", "look"),
    [
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, "utf-8", "truecolor"),
        ({"TERM": "xterm-256color"}, "UTF-8", "256"),
        ({"TERM": "xterm-16color"}, "utf-8", "shades"),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, "utf-8", "shades"),
        ({"TERM": "dumb"}, "utf-8", "numbers"),
        ({"TERM": "xterm-256color"}, "iso8859-1", "numbers"),
    ],
)
def test_the_look_that_a_terminal_can_show(environment: dict[str, str], encoding: str, look: Look) -> None:
    file = TextIOWrapper(BytesIO(), encoding)
    assert best_look(Console(file=file, force_terminal=True, _environ=environment, legacy_windows=False)) == look


def test_a_pipe_is_shown_shades() -> None:
    assert best_look(Console(file=StringIO(), force_terminal=False, _environ={"TERM": "dumb"})) == "shades"


def test_a_long_map_is_wrapped_and_lines_are_cut() -> None:
    # The row labels take a quarter of 20 columns and a blank; of the other 14, "an" takes 4 and "automobile" 11.
    assert lines_of(heat_map(CAR, ["car", "drives"], ["an", "automobile"], 20, look="shades")) == [
        "query ↓ attends to …",
        "      an",
        "  car ░25",
        "driv… 100",
        "      automobile",
        "  car ▓▓▓▓▓▓▓▓75",
        "driv…",
        "blank ░▒▓█ from 0% …",
        "strongest: drives →…",
    ]


def test_wide_characters_count_double() -> None:
    lines = lines_of(heat_map(attention_of([[0.1, 0.9]]), ["学习"], ["机器", "好"], 40, look="shades"))
    assert lines[1:3] == ["     机器 好", "学习   10 █90"]


def test_both_directions() -> None:
    attention = attention_of([[0.25, 0.75]], [[1.0], [1.0]])
    lines = lines_of(heat_map(attention, ["car"], ["an", "automobile"], 80, look="shades"))
    assert [line for line in lines if "attends" in line] == ["query ↓ attends to value →", "value ↓ attends to query →"]
    second = lines[lines.index("") + 1 :]
    assert second[1:4] == ["           car", "        an 100", "automobile 100"]


def test_rows_with_weight_on_padding_do_not_sum_to_one() -> None:
    lines = lines_of(heat_map(attention_of([[0.25, 0.5]]), ["a"], ["b", "c"], 80, look="shades"))
    assert "blank ░▒▓█ from 0% to 50%" in lines


@pytest.mark.parametrize(("shape", "name"), [((0, 2), "query"), ((2, 0), "value"), ((0, 0), "query")])
def test_no_tokens(shape: tuple[int, int], name: str) -> None:
    attention = attention_of(np.zeros(shape))
    text = heat_map(attention, numbers(shape[0]), numbers(shape[1]), 80, look="truecolor")
    assert text.plain == f"{name}: no tokens, so no attention"


def read_back(lines: list[str], Tv: int) -> dict[str, list[int]]:
    """The percentages of each row over all parts of a map whose words are numbers and whose weights are at least 1%."""
    rows: dict[str, list[int]] = {}
    header: list[str] = []
    for line in lines:
        label, *cells = re.sub("[░▒▓█]", " ", line).split()
        if line.startswith("   "):
            header += [label, *cells]
        else:
            rows.setdefault(label, []).extend(int(cell) for cell in cells)
    assert header == [f"1{i:02}" for i in range(Tv)]
    return rows


@settings(deadline=None)
@given(st.integers(1, 7), st.integers(1, 30), st.integers(40, 120), looks, st.integers(0, 2**32))
def test_a_map_can_be_read_back(Tq: int, Tv: int, width: int, look: Look, seed: int) -> None:
    scores = np.random.default_rng(seed).uniform(0.01, 1.0, (Tq, Tv))
    text = heat_map(attention_of(scores), numbers(Tq), [f"1{i:02}" for i in range(Tv)], width, look)
    _, *body, _, _ = [f"  {line}" if line.startswith(" ") else line for line in lines_of(text)]
    expected = {str(i): [round(100 * float(w)) for w in row] for i, row in enumerate(scores.astype(np.float32))}
    assert read_back(body, Tv) == expected


# ---- what does not fit -----------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(
    st.lists(any_word, min_size=1, max_size=45),
    st.lists(any_word, min_size=1, max_size=45),
    st.integers(20, 100),
    looks,
    st.integers(0, 2**32),
)
def test_no_line_is_too_wide(query: list[str], value: list[str], width: int, look: Look, seed: int) -> None:
    scores = softmax(3 * np.random.default_rng(seed).normal(size=(len(query), len(value))))
    text = heat_map(attention_of(scores), query, value, width, look)
    assert all(cell_len(line) <= width for line in text.plain.split("\n"))
    assert text.plain.replace("\n", "").isprintable()
    # Printed at this width, no line is wrapped.
    console = Console(file=StringIO(), width=width, color_system=None, legacy_windows=False)
    console.print(text)
    assert isinstance(console.file, StringIO)
    assert [line.rstrip() for line in console.file.getvalue().split("\n")[:-1]] == lines_of(text)


def test_a_long_text_is_shown_around_its_strongest_score() -> None:
    # Of 50 columns, the row labels take two and leave 48: 12 words per line. Six rows with a header fit 5 times into 40
    # lines: lines 4 to 8 of the 13, with words 48 to 107, since words 50 and 100 weigh more than all others.
    scores = np.full((6, 150), 0.001)
    scores[2, 50], scores[4, 100] = 0.8, 0.7
    lines = lines_of(heat_map(attention_of(scores), numbers(6), [f"{i:03}" for i in range(150)], 50, look="shades"))
    assert lines[0] == "query ↓ attends to value (positions 48–107 of 150) →"[:49] + "…"
    assert lines[1] == "  " + " ".join(f"{i:03}" for i in range(48, 60))
    assert len(lines) == 1 + 5 * 7 + 2
    assert lines[-1].startswith("strongest: 2 → 050 80%, 4 → 100 70%")


def test_many_rows_are_shown_around_the_strongest_score() -> None:
    # A header and 39 rows are 40 lines. Rows 0 to 9 weigh nothing, rows 49 to 59 less than those before.
    scores = np.zeros((60, 1))
    scores[10:49], scores[49:], scores[30] = 0.5, 0.1, 0.9
    lines = lines_of(heat_map(attention_of(scores), numbers(60), ["word"], 80, look="shades"))
    assert lines[0] == "query (positions 10–48 of 60) ↓ attends to value →"
    assert [line.split()[0] for line in lines[2:-2]] == numbers(60)[10:49]


# ---- colours ---------------------------------------------------------------------------------------------------------


def cells_of(text: Text) -> list[tuple[str, Style]]:
    """Text and style of each coloured cell."""
    styles = [(text.plain[span.start : span.end], Style.parse(str(span.style))) for span in text.spans]
    return [(cell, style) for cell, style in styles if style.bgcolor]


def luminance(colour: ColorTriplet) -> float:
    """Relative luminance as WCAG 2 defines it."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour.normalized]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


def test_colours_run_from_zero_to_the_maximum() -> None:
    (low, dark), (middle, between), (high, bright), *legend = cells_of(
        heat_map(attention_of([[0.0, 0.2, 0.4]]), ["a"], ["b", "c", "d"], 80, look="truecolor")
    )
    assert [cell.strip() for cell in (low, middle, high)] == ["", "20", "40"]
    assert (legend[0][1].bgcolor, legend[-1][1].bgcolor) == (dark.bgcolor, bright.bgcolor)
    # The published ends and middle of viridis.
    assert [style.bgcolor and style.bgcolor.name for style in (dark, between, bright)] == [
        "#440154",
        "#21918c",
        "#fde725",
    ]


@pytest.mark.parametrize(("look", "levels"), [("truecolor", 200), ("256", 8)])
def test_heavier_is_brighter_and_text_stands_out(look: Look, levels: int) -> None:
    scores = np.linspace(0.0, 1.0, 200)[:, None]
    found = []
    for part in np.split(scores, 8):
        # Every part has the same maximum, in its last row.
        text = heat_map(attention_of([*part, [1.0]]), numbers(26), ["a"], 80, look)
        found += [style for _, style in cells_of(text)[:25]]
    backgrounds = [luminance(style.bgcolor.get_truecolor()) for style in found if style.bgcolor]
    texts = [luminance(style.color.get_truecolor()) for style in found if style.color]
    assert len(backgrounds) == len(texts) == 200
    assert (np.diff(backgrounds) >= 0).all()
    assert len(set(backgrounds)) == levels
    contrast = [(max(pair) + 0.05) / (min(pair) + 0.05) for pair in zip(backgrounds, texts, strict=True)]
    assert min(contrast) >= 4.5  # required by WCAG


def test_only_zeros_have_the_lowest_colour() -> None:
    cells = cells_of(heat_map(attention_of(np.zeros((2, 2))), ["a", "b"], ["c", "d"], 80, look="truecolor"))
    assert {str(style.bgcolor and style.bgcolor.name) for _, style in cells[:4]} == {"#440154"}


# ---- words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        ("naïve", "naïve"),
        ("e\u0301te\u0301", "e\u0301te\u0301"),
        ("[bold]x[/]", "[bold]x[/]"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\tb\r\n", "a\\tb\\r\\n"),
        ("\x9b31m", "\\x9b31m"),
        ("\u202eabc", "\\u202eabc"),
        ("\u2066abc", "\\u2066abc"),
        ("a\u00a0b", "a\\xa0b"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("", "#0"),
        ("  ", "#0"),
    ],
)
def test_words_are_printable(word: str, shown: str) -> None:
    assert [printable(one) for one in words_of([0], [word])] == [shown]


def test_words_that_an_encoding_lacks() -> None:
    assert [printable(word, "latin-1") for word in ("naïve", "学")] == ["naïve", "\\u5b66"]
    assert printable("naïve", "ascii") == "na\\xefve"


def test_words_of_ids() -> None:
    ids = np.array([2, 0, 123], np.int32)
    assert words_of(ids, None) == ["2", "0", "123"]
    assert words_of(ids, ["a", "b", "c"]) == ["c", "a", "#123"]


def test_markup_in_words_has_no_effect() -> None:
    words = ["\x1b[2J", "[red]x[/red]", ":smile:", "https://x.y"]
    console = Console(file=StringIO(), width=120, color_system=None, force_terminal=True)
    console.print(heat_map(attention_of(np.full((4, 4), 0.25)), words, words, 120, look="shades"))
    assert isinstance(console.file, StringIO)
    assert "\x1b" not in console.file.getvalue()
    assert "     \\x1b[2J [red]x[/red] :smile: https://x.y" in console.file.getvalue()
