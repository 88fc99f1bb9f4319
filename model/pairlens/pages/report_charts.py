"""The charts that every report has; each figure shows all runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from pairlens.evaluation.report import RunReport
from pairlens.metrics.bins import Histogram
from pairlens.pages.html import Cell, figure, number, table
from pairlens.pages.svg import Axis, Chart, axis
from pairlens.texts.words import printable

_STYLES = 6  # in charts.css


class Drawn:
    """A run with its letter (if there are several runs) and its style in charts."""

    def __init__(self, report: RunReport, index: int, several: bool) -> None:
        self.report = report
        self.letter = (chr(ord("A") + index) if index < 26 else str(index + 1)) if several else ""
        self.style = f"s{index % _STYLES}"

    def class_names(self, count: int) -> list[str]:
        """The names of the labels; the labels themselves if the run has no names."""
        return [printable(name) for name in self.report.classes or map(str, range(count))]

    def named(self, text: str) -> str:
        """The text, prefixed with the letter if there are several runs."""
        return f"{self.letter} {text}" if self.letter else text


def learning_curves(runs: Sequence[Drawn]) -> list[str]:
    """The train loss and every dev metric, the decisive one first; the epoch whose weights were kept is ringed."""
    runs = [run for run in runs if run.report.history]
    names = dict.fromkeys(run.report.scored.config.decisive_metric for run in runs)
    names |= dict.fromkeys(name for run in runs for line in run.report.history for name in line["dev"])
    losses = [(run, [float(line["loss"]) for line in run.report.history]) for run in runs]
    figures = [_learning_curve("train loss", losses)] if runs else []
    for name in names:
        series = [(run, [line["dev"].get(name, math.nan) for line in run.report.history]) for run in runs]
        if any(not math.isnan(value) for _, values in series for value in values):
            figures.append(_learning_curve(f"dev {name}", series))
    return figures


def _learning_curve(name: str, series: Sequence[tuple[Drawn, Sequence[float]]]) -> str:
    epochs = max(int(line["epoch"]) for run, _ in series for line in run.report.history)
    known = [value for _, values in series for value in values if math.isfinite(value)] or [0.0]
    ticks = [epoch for epoch, _ in axis(1, max(epochs, 2), "").ticks if epoch == round(epoch)]
    x = Axis(1, max(epochs, 2), "epoch", [(epoch, f"{epoch:.0f}") for epoch in ticks])
    chart = Chart(x, axis(min(known), max(known), ""), 190)
    rows: dict[int, list[float]] = {}
    for column, (run, values) in enumerate(series):
        at = [int(line["epoch"]) for line in run.report.history]
        chart.line(at, values, run.style, run.letter)
        best = max((line["epoch"] for line in run.report.history if line["best"]), default=None)
        for epoch, value in zip(at, values, strict=True):
            kept = ", kept" if epoch == best else ""
            tip = run.named(f"epoch {epoch}{kept}: {number(value)}")
            chart.dot(epoch, value, f"{'best' if kept else 'hit'} {run.style}", tip, 4.5 if kept else 3)
            rows.setdefault(epoch, [math.nan] * len(series))[column] = value
    headings = ["epoch", *(run.named(name) for run, _ in series)]
    numbers = table(headings, [[str(epoch), *row] for epoch, row in sorted(rows.items())], name)
    return figure(name, "", chart.svg(f"{name} by epoch; the ringed epoch's weights were kept"), numbers)


def lengths(runs: Sequence[Drawn]) -> list[str]:
    """The decisive metric by text length: one figure for all runs with the same metric and bins."""
    shared: dict[tuple[str, tuple[str, ...]], list[Drawn]] = {}
    for run in runs:
        bins = tuple(f"{b.shortest}–{b.longest}: {b.units}" for b in run.report.lengths)
        shared.setdefault((run.report.scored.config.decisive_metric, bins), []).append(run)
    return [_by_length(metric, same, len(shared) > 1) for (metric, _), same in shared.items()]


def _by_length(metric: str, runs: Sequence[Drawn], named: bool) -> str:
    bins = runs[0].report.lengths
    known = [v for run in runs for b in run.report.lengths for v in (b.low, b.high, b.value) if not math.isnan(v)]
    known = known or [0.0]  # undefined everywhere
    names = [(i + 0.5, _range(b.shortest, b.longest)) for i, b in enumerate(bins)]
    chart = Chart(Axis(0, len(bins), "tokens of query and value", names), axis(min(known), max(known), ""))
    unit = "groups" if runs[0].report.task == "ranking" else "pairs"
    rows: list[list[Cell]] = []
    for index, run in enumerate(runs):
        shift = (index + 0.5) / len(runs) * 0.5 - 0.25
        for i, b in enumerate(run.report.lengths):
            tokens = f"{_range(b.shortest, b.longest)} tokens, {b.units:,} {unit}"
            tip = run.named(f"{tokens}\n{metric} {number(b.value)}, {number(b.low)} to {number(b.high)}")
            chart.span(i + 0.5 + shift, b.low, b.high, f"interval {run.style}")
            chart.dot(i + 0.5 + shift, b.value, f"mark {run.style}", tip, 4)
            rows.append([run.named(_range(b.shortest, b.longest)), b.units, b.value, b.low, b.high])
    headings = ["tokens", unit, metric, "95 % from", "to"]
    drawing = chart.svg(f"{metric} by text length, with 95 % intervals")
    counts = ", ".join(f"{b.units:,}" for b in bins)
    whose = f"{', '.join(run.letter for run in runs)} " if named else ""
    return figure(
        f"{whose}{metric} by length",
        f"{unit.capitalize()} from short to long: {counts}",
        drawing,
        table(headings, rows, f"{metric} by text length"),
    )


def _range(low: float, high: float) -> str:
    """Format a range of lengths, rounded: those of groups are means."""
    return f"{low:.0f}" if low == high else f"{low:.0f}–{high:.0f}"


def histogram(run: Drawn, title: str, values: Histogram, x: Axis, y: Axis) -> str:
    """A histogram of one run."""
    chart, rows = Chart(x, y), []
    for (low, high), n in zip(pairwise(values.edges.tolist()), values.counts.tolist(), strict=True):
        chart.box((low, high), (0, n), f"bar {run.style}", f"{low:.3g} to {high:.3g}: {n:,} {y.name}")
        rows.append([f"{low:.3g} to {high:.3g}", n])
    return figure(title, "", chart.svg(f"{title}: {y.name} by {x.name}"), table([x.name, y.name], rows, title))
