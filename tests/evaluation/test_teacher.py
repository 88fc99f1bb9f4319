"""Runs compared with a teacher: numbers by hand for each task, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from models import make_config

from pairlens.errors import DataError
from pairlens.evaluation.evaluation import Scored
from pairlens.evaluation.teacher import agreement, measure_teacher
from pairlens.metrics import Threshold
from pairlens.texts.pairs import Pairs
from pairlens.texts.texts import Texts

PATH = Path("t.txt")


def scored(
    task: str, label: list[float], scores: Any, threshold: float = 0.5, group: Any = None, **model: Any
) -> Scored:
    texts = Texts.from_lists([[1]] * len(label))
    wide = np.array(scores, np.float32)
    pairs = Pairs(texts, texts, np.array(label, np.float32), None if group is None else np.array(group))
    assert pairs.label is not None
    limit = Threshold(threshold)
    return Scored(make_config(task, **model), pairs, pairs.label, wide, wide, limit)


def found(ours: Scored, teacher: Any) -> tuple[dict[str, float], dict[str, float]]:
    """The teacher's metrics, and how the run agrees with it."""
    measured = measure_teacher(PATH, np.array(teacher, np.float32), ours)
    assert measured.metrics.keys() == measured.intervals.keys()
    return measured.metrics, agreement(ours, measured)


def test_binary() -> None:
    """Both decide with the run's threshold, 0.7: the run says 0 0 1 1, the teacher 0 1 1 0."""
    ours = scored("binary", [0, 0, 1, 1], [0.1, 0.6, 0.8, 0.9], 0.7)
    metrics, agrees = found(ours, [0.2, 0.7, 0.9, 0.6])
    assert metrics["accuracy"] == 0.5
    assert metrics["precision"] == 0.5
    assert agrees["same_decisions"] == 0.5
    # The ranks are 1 2 3 4 and 1 3 4 2; Σd² = 0 + 1 + 1 + 4 = 6, and rho = 1 - 6 · 6 / (4 · 15) = 0.4.
    assert agrees["spearman"] == pytest.approx(0.4)
    assert agrees["pearson"] == pytest.approx(np.corrcoef([0.1, 0.6, 0.8, 0.9], [0.2, 0.7, 0.9, 0.6])[0, 1])
    assert list(agrees) == ["same_decisions", "pearson", "spearman"]


def test_regression() -> None:
    metrics, agrees = found(scored("regression", [1, 2, 3], [1, 2, 3]), [2, 4, 6])
    assert metrics["mse"] == pytest.approx((1 + 4 + 9) / 3)
    assert agrees["pearson"] == agrees["spearman"] == pytest.approx(1)
    assert "same_decisions" not in agrees


def test_multiclass() -> None:
    """The most probable classes are 0 1 2 of the run, and 0 2 2 of the teacher, which is right in two of three."""
    ours = scored("multiclass", [0, 1, 2], np.eye(3) * 0.7 + 0.1, classes=3)
    metrics, agrees = found(ours, [[0.5, 0.3, 0.2], [0.2, 0.3, 0.5], [0, 0, 1]])
    assert metrics["accuracy"] == agrees["same_decisions"] == pytest.approx(2 / 3)
    assert list(agrees) == ["same_decisions"]


def test_ranking() -> None:
    """Its scores may be any numbers; the first group's positive is second, the other's first: (1/2 + 1) / 2 = 3/4."""
    ours = scored("ranking", [1, 0, 1, 0], [0.9, 0.1, 0.8, 0.2], group=[1, 1, 2, 2])
    metrics, agrees = found(ours, [3, 7, 4, -1])
    assert metrics["mrr"] == pytest.approx(0.75)
    # The ranks are 4 1 3 2 and 2 4 3 1; Σd² = 4 + 9 + 0 + 1 = 14, and rho = 1 - 6 · 14 / (4 · 15) = -0.4.
    assert agrees["spearman"] == pytest.approx(-0.4)
    assert list(agrees) == ["spearman"]


def test_faults() -> None:
    ours = scored("binary", [0, 1], [0.1, 0.9])
    with pytest.raises(DataError, match=r"^t.txt: 3 lines, but there are 2 pairs; line N belongs to pair N$"):
        found(ours, [0.5, 0.5, 0.5])
    with pytest.raises(DataError, match=r"^t.txt:2: not a probability; a teacher's scores for task binary are from 0"):
        found(ours, [0.5, 1.5])
    ours = scored("multiclass", [0, 1], [[1, 0], [0, 1]], classes=2)
    with pytest.raises(DataError, match=r"^t.txt:1: not a probability"):
        found(ours, [[-0.5, 1], [0, 1]])
