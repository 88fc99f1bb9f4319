"""A run for notebooks: its dev metrics and learning curves, as HTML without script or request."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from importlib import resources

from pairlens.pages.html import number
from pairlens.pages.svg import Axis, Chart, axis
from pairlens.runs.json_files import Json
from pairlens.texts.words import harmless


def run_html(name: str, history: Sequence[Json], metric: str, dev: Mapping[str, float | None]) -> str:
    """The run's name, the metrics of its best weights on dev, and curves of the train loss and the decisive metric.

    Args:
        history: the lines of metrics.jsonl.
        dev: the dev metrics of the best weights; None for an undefined one.
    """
    values = (f"{name} {number(math.nan if value is None else value)}" for name, value in dev.items())
    words = " · ".join(values)
    curves = [("train loss", [float(line["loss"]) for line in history])]
    if any(line["dev"] for line in history):
        curves.append((f"dev {metric}", [line["dev"].get(metric, math.nan) for line in history]))
    drawings = "".join(_curve(title, history, values) for title, values in curves) if history else ""
    return note_html(name, words, f"<div>{drawings}</div>")


def note_html(name: str, words: str, drawings: str = "") -> str:
    """The run's name with words below it, and then drawings, which are HTML."""
    style = resources.files(__package__).joinpath("assets/notebook.css").read_text(encoding="utf-8")
    text = f"<div><b>{escape(harmless(name))}</b></div><div>{escape(harmless(words))}</div>"
    return f'<style>{style}</style><div class="pairlens-run">{text}{drawings}</div>'


def _curve(title: str, history: Sequence[Json], values: Sequence[float]) -> str:
    """A curve by epoch; the epoch whose weights were kept is ringed."""
    epochs = [int(line["epoch"]) for line in history]
    known = [value for value in values if math.isfinite(value)] or [0.0]
    last = max(epochs[-1], 2)
    ticks = [(epoch, f"{epoch:.0f}") for epoch, _ in axis(1, last, "").ticks if epoch == round(epoch)]
    chart = Chart(Axis(1, last, "epoch", ticks), axis(min(known), max(known), title), 190)
    chart.line(epochs, values, "curve")
    for best in [i for i, line in enumerate(history) if line["best"]][-1:]:
        chart.dot(epochs[best], values[best], "best", "", 4.5)
    return chart.svg(f"{title} by epoch; the ringed epoch's weights were kept")
