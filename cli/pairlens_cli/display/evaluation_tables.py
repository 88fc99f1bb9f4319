"""An evaluation as tables for people: what the JSON says, with four digits."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pairlens.texts.words import printable
from pairlens_cli import output

if TYPE_CHECKING:
    from rich.table import Table

_MAX_CLASSES = 12  # of a confusion matrix that fits a terminal


def show(result: Mapping[str, Any]) -> None:
    """Say everything that an evaluation holds."""
    _show_metrics(result)
    if "confusion" in result and len(result["confusion"]) <= _MAX_CLASSES:
        _show_confusion(result["confusion"])
    if "compare" in result:
        _show_comparison(result["run"], result["compare"])
    for error in result.get("errors", ()):
        _show_error(error)


def _show_metrics(result: Mapping[str, Any]) -> None:
    facts = f"{result['pairs']:,} pairs"
    if groups := result.get("groups"):
        facts += f", {groups['counted']:,} groups; {groups['without_positive']:,} more, without a positive, left out"
    if "threshold" in result:
        facts += f"; positive from score {result['threshold']:.3f}"
    output.say(f"{result['run']} on {result.get('split', 'the files given')}: {facts}")
    table = _table("metric", "value", "95 % interval")
    for name, value in result["metrics"].items():
        table.add_row(name, _number(value), _interval(*result["intervals"][name]))
    output.say(table)


def _show_confusion(matrix: Sequence[Sequence[int]]) -> None:
    table = _table("predicted", *map(str, range(len(matrix))))
    for label, row in enumerate(matrix):
        table.add_row(f"label {label}", *(f"{count:,}" for count in row))
    output.say(table)


def _show_comparison(run: str, compared: Mapping[str, Any]) -> None:
    """The p-value is that of `pairlens.evaluation.bootstrap.compare`."""
    threshold = f", which says positive from score {compared['threshold']:.3f}" if "threshold" in compared else ""
    output.say(f"{run} minus {compared['run']}{threshold}")
    table = _table("metric", Path(compared["run"]).name, "difference", "95 % interval", "p")
    for name, value in compared["metrics"].items():
        d = compared["differences"][name]
        p_value = "" if math.isnan(d["p_value"]) else f"{d['p_value']:.3f}"
        interval = _interval(d["low"], d["high"], sign="+")
        table.add_row(name, _number(value), _number(d["difference"], sign="+"), interval, p_value)
    output.say(table)


def _show_error(error: Mapping[str, Any]) -> None:
    said = error["score"]
    score = f"{said:.4f}" if isinstance(said, float) else " ".join(f"{probability:.3f}" for probability in said)
    output.say(f"pair {error['pair']}  label {error['label']:g}  score {score}  loss {error['loss']:.4f}")
    for side in ("query", "value"):
        output.say(f"  {side}  {error[side]}")


def _table(first: str, *others: str) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table()
    table.add_column(Text(first))
    for heading in others:
        table.add_column(Text(printable(heading)), justify="right")
    return table


def _number(number: float, sign: str = "") -> str:
    return "undefined" if math.isnan(number) else f"{number:{sign}.4f}"


def _interval(low: float, high: float, sign: str = "") -> str:
    return "" if math.isnan(low) else f"{low:{sign}.4f} to {high:{sign}.4f}"
