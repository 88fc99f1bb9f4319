"""Draws learning curves as a picture for the run directory."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pairlens.runs.json_files import Json
from pairlens.runs.run import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BLUE, _ORANGE = "#0072b2", "#d55e00"  # from the colour-blind safe palette of Okabe and Ito


def write_curves(run: Run) -> None:
    """Draw the run's metrics.jsonl into its directory; do nothing if no epoch was finished."""
    if evaluations := run.metrics():
        run.write_curves(draw_curves(evaluations, run.config().decisive_metric))


def draw_curves(evaluations: Sequence[Json], metric: str) -> bytes:
    """Return a PNG of the train loss and, with a dev split, of a dev metric by epoch; the best epoch is ringed."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # not pyplot, which looks for a display
    from matplotlib.figure import Figure

    series = {"train loss": ([float(line["loss"]) for line in evaluations], _BLUE)}
    if any(line["dev"] for line in evaluations):
        series[f"dev {metric}"] = [line["dev"].get(metric, math.nan) for line in evaluations], _ORANGE
    width = 4 * len(series)
    figure = Figure(figsize=(width, 3), dpi=150)
    FigureCanvasAgg(figure)
    epochs = [int(line["epoch"]) for line in evaluations]
    best = max((i for i, line in enumerate(evaluations) if line["best"]), default=None)
    for i, (name, (values, colour)) in enumerate(series.items()):
        _draw(figure.add_subplot(1, len(series), i + 1), name, epochs, values, colour, best)
    png = io.BytesIO()
    figure.subplots_adjust(0.55 / width, 0.16, 1 - 0.1 / width, 0.9, 0.2)
    figure.savefig(png, format="png")
    return png.getvalue()


def _draw(axes: Axes, name: str, epochs: Sequence[int], values: Sequence[float], colour: str, best: Any) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.plot(epochs, values, color=colour, marker="." if len(epochs) == 1 else None)
    axes.set_title(name, loc="left", fontsize=10)
    axes.set_xlabel("epoch", fontsize=9)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.tick_params(labelsize=8, color="#999999")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#e5e5e5", linewidth=0.7)
    axes.margins(y=0.12)
    if best is not None and math.isfinite(values[best]):
        axes.plot(epochs[best], values[best], "o", markersize=7, markerfacecolor="white", markeredgecolor=colour)
        axes.annotate(
            f"{values[best]:.4f}",
            (epochs[best], values[best]),
            (0, 8),
            textcoords="offset points",
            ha="right",
            fontsize=8,
            color=colour,
        )
