"""An evaluation as tables: the numbers of the JSON, with four digits."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pairlens.texts.words import printable
from pairlens_cli import output
from pairlens_cli.display.tables import number, say_table

_MAX_CLASSES = 12  # of a confusion matrix that fits a terminal


def show(result: Mapping[str, Any]) -> None:
    """Show everything in an evaluation."""
    _show_metrics(result)
    if "confusion" in result and len(result["confusion"]) <= _MAX_CLASSES:
        _show_confusion(result["confusion"], result.get("classes") or range(len(result["confusion"])))
    if "compare" in result:
        _show_comparison(result["run"], result["compare"])
    for error in result.get("errors", ()):
        _show_error(error, result.get("classes"))


def _show_metrics(result: Mapping[str, Any]) -> None:
    facts = f"{result['pairs']:,} pairs"
    if groups := result.get("groups"):
        facts += f", {groups['counted']:,} groups ({groups['without_positive']:,} more, without a positive, left out)"
        facts += "; {smallest} to {largest} pairs each, median {median}".format(**result["group_sizes"])
    if "threshold" in result:
        facts += f"; positive from score {result['threshold']:.3f}"
    output.say(f"{result['run']} on {result.get('split', 'the files given')}: {facts}")
    if result.get("groups_with_both_labels") == 0:
        output.warn("no group has both a positive and a negative pair, so the metrics do not depend on the scores")
    rows = [(name, number(value), _interval(*result["intervals"][name])) for name, value in result["metrics"].items()]
    say_table(("metric", "value", "95 % interval"), rows)


def _show_confusion(matrix: Sequence[Sequence[int]], classes: Sequence[object]) -> None:
    rows = [(f"label {name}", *(f"{count:,}" for count in row)) for name, row in zip(classes, matrix, strict=True)]
    say_table(("predicted", *map(str, classes)), rows)


def _show_comparison(run: str, compared: Mapping[str, Any]) -> None:
    """The p-value is the one of `pairlens.evaluation.bootstrap.paired_differences`."""
    threshold = f" (positive from score {compared['threshold']:.3f})" if "threshold" in compared else ""
    output.say(f"{run} minus {compared['run']}{threshold}")
    rows = []
    for name, value in compared["metrics"].items():
        d = compared["differences"][name]
        p_value = "" if math.isnan(d["p_value"]) else f"{d['p_value']:.3f}"
        interval = _interval(d["low"], d["high"], sign="+")
        rows.append((name, number(value), number(d["difference"], sign="+"), interval, p_value))
    say_table(("metric", Path(compared["run"]).name, "difference", "95 % interval", "p"), rows)


def _show_error(error: Mapping[str, Any], classes: Sequence[str] | None) -> None:
    label = f"{error['label']:g}" if classes is None else printable(classes[int(error["label"])])
    score = error["score"]
    shown = f"{score:.4f}" if isinstance(score, float) else " ".join(f"{probability:.3f}" for probability in score)
    output.say(f"pair {error['pair']}  label {label}  score {shown}  loss {error['loss']:.4f}")
    for side in ("query", "value"):
        output.say(f"  {side}  {error[side]}")


def _interval(low: float, high: float, sign: str = "") -> str:
    return "" if math.isnan(low) else f"{low:{sign}.4f} to {high:{sign}.4f}"
