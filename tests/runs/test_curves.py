"""The picture of the learning curves: its content, and that it is a valid picture."""

from __future__ import annotations

import io
import math
from typing import Any

import matplotlib.figure
import matplotlib.image
import numpy as np
import pytest

from pairlens.runs.curves import draw_curves

HISTORY = [
    {"epoch": 1, "loss": 0.7, "dev": {"accuracy": 0.5, "f1": math.nan}, "best": True},
    {"epoch": 2, "loss": 0.5, "dev": {"accuracy": 0.8, "f1": 0.75}, "best": True},
    {"epoch": 3, "loss": 0.4, "dev": {"accuracy": 0.6, "f1": 0.5}, "best": False},
]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[matplotlib.figure.Figure]:
    """The figures that were saved."""
    figures: list[Any] = []
    save = matplotlib.figure.Figure.savefig

    def keep(figure: Any, *arguments: Any, **options: Any) -> None:
        figures.append(figure)
        save(figure, *arguments, **options)

    monkeypatch.setattr(matplotlib.figure.Figure, "savefig", keep)
    return figures


def points(line: Any) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in zip(*line.get_data(), strict=True)]


def test_loss_and_metric_by_epoch_with_the_best_ringed(drawn: list[matplotlib.figure.Figure]) -> None:
    image = matplotlib.image.imread(io.BytesIO(draw_curves(HISTORY, "accuracy")))
    assert image.shape == (450, 1200, 4)
    assert np.ptp(image[..., :3]) == 1  # black on white
    loss, accuracy = drawn[0].axes
    assert (loss.get_title("left"), accuracy.get_title("left")) == ("train loss", "dev accuracy")
    assert points(loss.lines[0]) == [(1, 0.7), (2, 0.5), (3, 0.4)]
    assert points(accuracy.lines[0]) == [(1, 0.5), (2, 0.8), (3, 0.6)]
    assert [points(axes.lines[1]) for axes in (loss, accuracy)] == [[(2, 0.5)], [(2, 0.8)]]
    assert [axes.texts[0].get_text() for axes in (loss, accuracy)] == ["0.5000", "0.8000"]


def test_without_dev_the_loss_alone(drawn: list[matplotlib.figure.Figure]) -> None:
    draw_curves([line | {"dev": {}} for line in HISTORY], "accuracy")
    assert [axes.get_title("left") for axes in drawn[0].axes] == ["train loss"]


def test_undefined_values_leave_gaps(drawn: list[matplotlib.figure.Figure]) -> None:
    draw_curves(HISTORY[:1], "f1")
    _, f1 = drawn[0].axes
    assert math.isnan(points(f1.lines[0])[0][1])
    assert len(f1.lines) == 1  # no ring for the best epoch


def test_the_same_history_gives_the_same_bytes() -> None:
    assert draw_curves(HISTORY, "f1") == draw_curves(HISTORY, "f1")
