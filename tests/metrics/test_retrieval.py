"""Metrics of ranks among all candidates: numbers by hand, and those of scores with the same order."""

from __future__ import annotations

from math import log2

import numpy as np
import pytest

from pairlens.metrics import evaluate_scores
from pairlens.metrics.retrieval import RetrievalMetrics


def measured(metrics: RetrievalMetrics) -> dict[str, float]:
    return {name: float(value[0]) for name, value in metrics(np.ones((1, metrics.units))).items()}


def test_numbers_by_hand() -> None:
    """Query 4 has relevant candidates on ranks 1 and 5, of grades 1 and 3; query 9 has one on rank 12."""
    metrics = RetrievalMetrics(np.array([4, 9, 4]), np.array([5, 12, 1]), np.array([3.0, 2.0, 1.0]), k=3)
    assert metrics.units == 2
    ndcg = (1 / log2(2) + 3 / log2(6)) / (3 / log2(2) + 1 / log2(3))
    assert measured(metrics) == pytest.approx(
        {
            "map": ((1 / 1 + 2 / 5) / 2 + 1 / 12) / 2,
            "mrr": (1 + 1 / 12) / 2,
            "ndcg_at_10": (ndcg + 0) / 2,
            "precision_at_1": 0.5,
            "recall_at_3": (1 / 2 + 0) / 2,
        }
    )


def test_without_ties_and_grades_they_are_those_of_a_ranking_task() -> None:
    random = np.random.default_rng(1)
    score, label = random.permuted(np.tile(np.arange(40.0), (9, 1)), axis=1), random.integers(0, 2, (9, 40))
    rank = (40 - score).astype(np.int64)
    query, candidate = np.nonzero(label)
    found = measured(RetrievalMetrics(query, rank[query, candidate], np.ones(len(query)), k=1))
    expected = evaluate_scores("ranking", label.ravel(), score.ravel(), group=np.repeat(np.arange(9), 40))
    assert {name: found[name] for name in expected} == pytest.approx(expected)
