"""Metrics of ranked groups against hand-derived numbers, every order of the ties, and scikit-learn."""

from __future__ import annotations

import math
from itertools import groupby, permutations, product

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st

from pairlens.metrics import count_groups, evaluate_scores
from pairlens.metrics.ranking import RankingMetrics

RANKING = ["map", "mrr", "ndcg_at_10", "precision_at_1"]

# A group is its pairs, (label, score); three levels of scores make ties common.
groups = st.lists(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 2)), min_size=1, max_size=6), max_size=4)


def ranking_metrics(label, score, group):
    return evaluate_scores("ranking", np.array(label), np.array(score), group=np.array(group, np.int64))


def metrics_of_a_ranking(labels):
    """The textbook definitions for the labels of one group, best first; then the position of its first positive."""
    positions = [position for position, label in enumerate(labels, start=1) if label]
    ideal = sum(1 / math.log2(position + 1) for position in range(1, min(len(positions), 10) + 1))
    return (
        sum(number / position for number, position in enumerate(positions, start=1)) / len(positions),
        1 / positions[0],
        sum(1 / math.log2(position + 1) for position in positions if position <= 10) / ideal,
        float(positions[0] == 1),
        positions[0],
    )


def mean_over_orders(pairs):
    """The mean of each metric over all orders of the ties."""
    ordered = sorted(pairs, key=lambda pair: -pair[1])
    ties = [[label for label, _ in tie] for _, tie in groupby(ordered, key=lambda pair: pair[1])]
    rankings = product(*map(permutations, ties))
    return np.mean([metrics_of_a_ranking([label for tie in ranking for label in tie]) for ranking in rankings], axis=0)


def test_by_hand():
    # Group 7, best first: 0, 1, 1. AP (1/2 + 2/3) / 2; RR 1/2; DCG 1/log2(3) + 1/log2(4) of 1 + 1/log2(3) at most.
    # Group 3: 1, 0. Everything is 1. Group 5 has no positive and does not count.
    found = ranking_metrics([1, 0, 0, 1, 1, 0], [0.2, 0.9, 0.3, 0.8, 0.1, 0.5], [7, 7, 3, 3, 7, 5])
    assert list(found) == RANKING
    assert found == pytest.approx(
        {
            "map": (7 / 12 + 1) / 2,
            "mrr": (1 / 2 + 1) / 2,
            "ndcg_at_10": ((1 / math.log2(3) + 1 / 2) / (1 + 1 / math.log2(3)) + 1) / 2,
            "precision_at_1": (0 + 1) / 2,
        },
        abs=1e-12,
    )
    assert count_groups(np.array([1, 0, 0, 1, 1, 0]), np.array([7, 7, 3, 3, 7, 5])) == (2, 1)


@given(groups, st.randoms(use_true_random=False))
def test_ties_count_as_the_mean_over_their_orders(groups, random):
    rows = [(label, score, number) for number, pairs in enumerate(groups) for label, score in pairs]
    random.shuffle(rows)
    label, score, group = zip(*rows, strict=True) if rows else ((), (), ())
    counted = [pairs for pairs in groups if any(label for label, _ in pairs)]
    expected = np.mean([mean_over_orders(pairs)[:4] for pairs in counted], axis=0) if counted else np.full(4, math.nan)
    found = ranking_metrics(label, score, group)
    assert list(found.values()) == pytest.approx(expected.tolist(), abs=1e-9, nan_ok=True)
    assert count_groups(np.array(label), np.array(group)) == (len(counted), len(groups) - len(counted))


@given(groups.filter(lambda groups: any(label for pairs in groups for label, _ in pairs)))
def test_the_values_of_each_group_are_means_over_the_orders_of_its_ties(groups):
    label, score, group = zip(
        *((label, score, number) for number, pairs in enumerate(groups) for label, score in pairs), strict=True
    )
    counted = [pairs for pairs in groups if any(label for label, _ in pairs)]
    found = RankingMetrics(np.array(label), np.array(score), np.array(group))
    assert found.average_precision.tolist() == pytest.approx([mean_over_orders(pairs)[0] for pairs in counted])
    firsts = [mean_over_orders(pairs)[-1] for pairs in counted]
    assert found.first_positive.tolist() == pytest.approx(firsts)


@pytest.mark.parametrize("levels", [2, 5, 10**6])
def test_ndcg_equals_sklearn(levels):
    rng = np.random.default_rng(levels)
    label, score = rng.integers(0, 2, (20, 30)), rng.integers(0, levels, (20, 30)) / levels
    found = ranking_metrics(label.ravel(), score.ravel(), np.repeat(np.arange(20), 30))
    assert found["ndcg_at_10"] == pytest.approx(sklearn.metrics.ndcg_score(label, score, k=10), abs=1e-9)


def test_average_precision_equals_sklearn_without_ties():
    rng = np.random.default_rng(1)
    label, score = rng.integers(0, 2, (20, 30)), rng.permuted(np.tile(np.arange(30.0), (20, 1)), axis=1)
    found = ranking_metrics(label.ravel(), score.ravel(), np.repeat(np.arange(20), 30))
    expected = [sklearn.metrics.average_precision_score(*pairs) for pairs in zip(label, score, strict=True)]
    assert found["map"] == pytest.approx(np.mean(expected), abs=1e-9)


def test_a_constant_score_gets_the_value_of_a_random_ranking():
    # One positive among 1000 is at each position with probability 1/1000: its mean reciprocal rank is H(1000) / 1000.
    harmonic = sum(1 / position for position in range(1, 1001))
    found = ranking_metrics(np.arange(1000) == 321, np.zeros(1000), np.full(1000, 2**62))
    assert found["mrr"] == pytest.approx(harmonic / 1000, abs=1e-12)
    assert found["map"] == pytest.approx(harmonic / 1000, abs=1e-12)
    assert found["precision_at_1"] == pytest.approx(1 / 1000, abs=1e-12)


def test_other_groups_do_not_change_a_group():
    # A positive is first in every group that has one.
    found = ranking_metrics([1, 0, 0, 0], [0.9, 0.8, 1.0, 1.0], [1, 1, 0, 2])
    assert found == dict.fromkeys(RANKING, 1.0)


def test_no_group_counts():
    for label in ([], [0, 0]):
        assert all(math.isnan(value) for value in ranking_metrics(label, label, label).values())


def test_groups_are_required():
    label = np.array([0, 1])
    with pytest.raises(ValueError, match="ranking needs the group of each pair"):
        evaluate_scores("ranking", label, label)
    with pytest.raises(ValueError, match=r"found shape \(1,\); must be \[N\]"):
        evaluate_scores("ranking", label, label, group=np.array([0]))
