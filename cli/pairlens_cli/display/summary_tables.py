"""A summary of attention as tables: the numbers of the JSON, with histograms as bars."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from pairlens_cli import output
from pairlens_cli.display.tables import number, say_table

_BARS = " ▁▂▃▄▅▆▇█"


def show(summary: Mapping[str, Any]) -> None:
    """Show everything in a summary."""
    for name, direction in summary["directions"].items():
        _show_direction(f"{name.replace('_', ' ')}: {summary['pairs']:,} pairs, {direction['rows']:,} rows", direction)


def _show_direction(title: str, direction: Mapping[str, Any]) -> None:
    from rich.text import Text

    output.say(Text(f"\n{title}", "bold"))
    output.say(Text(direction["verdict"]))
    entropy, strongest, identical = direction["entropy"], direction["strongest"], direction["identical"]
    rows = [
        ("entropy of a row", _share(entropy["mean"]), "1.000", _bars(entropy["histogram"])),
        *(
            (f"  at position {_span(part)}", _share(part["mean"]), "1.000", f"{part['rows']:,} rows")
            for part in entropy["by_position"]
        ),
        _row("strongest weight of a row", strongest, "mean", _bars(strongest["histogram"])),
        _row("weight on the same word", identical, "weight", f"{identical['rows']:,} rows have it"),
        _row("weight on frequent words", direction["frequent"], "weight", _words(direction["frequent"])),
    ]
    if direction["punctuation"]:
        rows.append(_row("weight on punctuation", direction["punctuation"], "weight", ""))
    say_table(("", "mean", "if uniform", "rows from 0 to 1"), rows, right=2)
    for key, heading in (("by_weight", "different words"), ("by_strongest", "most often the strongest")):
        pairs = direction["word_pairs"][key]
        cells = [
            (f"{p['word']} → {p['attends_to']}", _share(p["weight"]), f"{p['strongest']:,}", f"{p['meetings']:,}")
            for p in pairs
        ]
        say_table((heading, "weight", "strongest", "co-occurrences"), cells, right=3)


def _row(name: str, part: Mapping[str, Any], key: str, note: str) -> tuple[str, str, str, str]:
    return name, _share(part[key]), _share(part["uniform"]), note


def _span(part: Mapping[str, int]) -> str:
    return str(part["first"]) if part["first"] == part["last"] else f"{part['first']}–{part['last']}"


def _words(frequent: Mapping[str, Any]) -> str:
    return " ".join(word["word"] for word in frequent["words"])


def _bars(histogram: Sequence[int]) -> str:
    """One bar per bin; the largest has full height."""
    top = max(histogram) or 1
    return "".join(_BARS[math.ceil(count / top * (len(_BARS) - 1))] for count in histogram)


def _share(value: float) -> str:
    return number(value, digits=3)
