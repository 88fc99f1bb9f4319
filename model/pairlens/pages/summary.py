"""Writes the summary of many maps as a page: a verdict, charts, and tables of words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from pairlens.files import whole_file
from pairlens.locations.location import Location
from pairlens.pages.html import figure, table
from pairlens.pages.page import write_page
from pairlens.pages.svg import Axis, Chart, counts_axis, unit_axis
from pairlens.runs.json_files import without_nan
from pairlens.texts.words import harmless


def write_summary_page(
    path: Location, summary: Mapping[str, Any], title: str = "Attention summary", replace: bool = True
) -> None:
    """Write a summary from `summarize` as a page; the file appears only when it is complete."""
    sections = [_direction(name, direction, summary["pairs"]) for name, direction in summary["directions"].items()]
    body = f'<main class="report">{"".join(sections)}</main>'
    with whole_file(path, "wb", replace) as file:
        write_page(file, title, body, [("summary", without_nan(summary))], ["charts.css", "report.css"], ["charts.js"])


def _direction(name: str, direction: Mapping[str, Any], pairs: int) -> str:
    rows, columns = name.split("_to_")
    verdict = f'<p class="{"notice" if direction["uniform"] else "verdict"}">{escape(direction["verdict"])}</p>'
    facts = f"{pairs:,} pairs; {direction['rows']:,} rows: tokens of a {rows} that attend to its {columns}."
    drawn = [
        _entropy_by_position(direction["entropy"]["by_position"], rows),
        _histogram("Entropy of a row", "0: all on one word. 1: uniform.", "entropy", direction["entropy"]["histogram"]),
        _histogram(
            "Strongest weight of a row",
            f"Mean {_share(direction['strongest']['mean'])}; if uniform {_share(direction['strongest']['uniform'])}.",
            "weight",
            direction["strongest"]["histogram"],
        ),
    ]
    title = f"{rows} to {columns}"
    return (
        f'<section id="{name}" aria-labelledby="{name}-title"><h2 id="{name}-title">{title.capitalize()}</h2>'
        f'{verdict}<p class="muted">{facts}</p>{_shares(direction)}<div class="charts">{"".join(drawn)}</div>'
        f'<div class="charts words">{_words(direction)}</div></section>'
    )


def _shares(direction: Mapping[str, Any]) -> str:
    """A table of mean weights, next to what they would be if attention were uniform."""
    strongest, identical = direction["strongest"], direction["identical"]
    frequent, punctuation = direction["frequent"], direction["punctuation"]
    rows = [
        ("entropy of a row", _share(direction["entropy"]["mean"]), "1.000"),
        ("strongest weight of a row", _share(strongest["mean"]), _share(strongest["uniform"])),
        (
            f"weight on the same word ({identical['rows']:,} rows have it)",
            _share(identical["weight"]),
            _share(identical["uniform"]),
        ),
        ("the same word is the strongest", _share(identical["strongest"]), ""),
        ("weight on frequent words", _share(frequent["weight"]), _share(frequent["uniform"])),
    ]
    if punctuation:
        rows.append(("weight on punctuation", _share(punctuation["weight"]), _share(punctuation["uniform"])))
    return table(("", "mean", "if uniform"), rows, "Weights, and what they would be if attention were uniform")


def _entropy_by_position(parts: Sequence[Mapping[str, Any]], rows: str) -> str:
    ticks = [(float(index), f"{part['first']}") for index, part in enumerate(parts)]
    chart = Chart(Axis(0, max(len(parts), 1), f"position in the {rows}, from 0", ticks), unit_axis("entropy"), 190)
    spans = []
    for index, part in enumerate(parts):
        first, last = part["first"], part["last"]
        spans.append(str(first) if first == last else f"{first}–{last}")
        tip = f"position {spans[-1]}: {_share(part['mean'])}\n{part['rows']:,} rows"
        chart.box((index, index + 1), (0, part["mean"]), "bar s0", tip, 3)
    numbers = [(span, _share(part["mean"]), part["rows"]) for span, part in zip(spans, parts, strict=True)]
    return figure(
        "Entropy by position",
        f"Mean over the tokens at a position of the {rows}. 1: uniform.",
        chart.svg(f"Mean entropy of attention by position in the {rows}"),
        table(("position", "mean entropy", "rows"), numbers, "Entropy by position"),
    )


def _histogram(title: str, caption: str, what: str, counts: Sequence[int]) -> str:
    chart = Chart(unit_axis(what), counts_axis(max(counts), "rows"), 190)
    edges = [index / len(counts) for index in range(len(counts) + 1)]
    rows = []
    for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True):
        span = f"{low:.1f} to {high:.1f}"
        chart.box((low, high), (0, count), "bar s0", f"{what} {span}: {count:,} rows")
        rows.append((span, count))
    return figure(title, caption, chart.svg(f"{title}: rows in tenths"), table((what, "rows"), rows, title))


def _words(direction: Mapping[str, Any]) -> str:
    headings = "pair of words", "weight", "strongest", "co-occurrences"
    found = direction["word_pairs"]
    missing = found["missing_weight"]
    note = f" Approximate: the summed weight of a pair is too low by at most {missing:.4g}." if missing else ""
    parts = [
        ("Different words, by mean weight", f"Pairs with five or more co-occurrences.{note}", headings, "by_weight"),
        (
            "Most often the strongest",
            f"By how often the first word attends most to the second.{note}",
            headings,
            "by_strongest",
        ),
    ]
    figures = [
        figure(title, caption, table(heads, [_pair(pair) for pair in found[key]], title))
        for title, caption, heads, key in parts
        if found[key]
    ]
    frequent = [
        (_isolated(word["word"]), word["count"], _share(word["weight"]), _share(word["uniform"]))
        for word in direction["frequent"]["words"]
    ]
    if frequent:
        heads = "word", "tokens", "weight", "if uniform"
        title = "The most frequent words"
        figures.append(figure(title, "Their share of all weight.", table(heads, frequent, title)))
    return "".join(figures)


def _pair(pair: Mapping[str, Any]) -> tuple[str, str, int, int]:
    words = f"{_isolated(pair['word'])} → {_isolated(pair['attends_to'])}"
    return words, _share(pair["weight"]), pair["strongest"], pair["meetings"]


def _isolated(word: str) -> str:
    """Isolate a word, so that right-to-left words do not reorder the text around them."""
    return f"\u2068{harmless(word)}\u2069"


def _share(number: float) -> str:
    return "undefined" if math.isnan(number) else f"{number:.3f}"
