"""The worst pairs of each task, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pairlens.metrics import evaluate_scores, worst_pairs


def test_binary_by_log_loss():
    # The labels' probabilities are 0.9, 0.3, 0.1, 0.3: the worst is pair 2, then 1 and 3, the earlier first.
    pair, loss = worst_pairs("binary", np.array([1, 1, 0, 0]), np.array([0.9, 0.3, 0.9, 0.7]), count=3)
    assert pair.tolist() == [2, 1, 3]
    assert loss == pytest.approx([-math.log(0.1), -math.log(0.3), -math.log(0.3)])


def test_multiclass_by_log_loss():
    score = np.array([[0.7, 0.2, 0.1], [0.3, 0.6, 0.1], [0.1, 0.1, 0.8]])
    pair, loss = worst_pairs("multiclass", np.array([1, 1, 0]), score, count=2)
    assert pair.tolist() == [2, 0]
    assert loss == pytest.approx([-math.log(0.1), -math.log(0.2)])


def test_regression_by_absolute_error():
    pair, loss = worst_pairs("regression", np.array([1.0, 2.0, 3.0]), np.array([1.5, 0.0, 4.0]), count=2)
    assert pair.tolist() == [1, 2]
    assert loss.tolist() == [2, 1]


def test_ranking_by_the_negative_that_beats_the_best_positive():
    # Group 0: negatives at 8 and 9 beat the positives at 5 and 1; the better one counts, by 4.
    # Group 1: a negative at 6 beats the positive at 1, by 5. Group 2: the positive leads. Group 3: a tie.
    # Groups 4 and 5 have only one label.
    label = np.array([1, 0, 0, 1, 0, 1, 1, 0, 1, 0, 0, 1])
    score = np.array([5, 8, 9, 1, 6, 1, 7, 3, 2, 2, 9, 0.5])
    group = np.array([0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 5])
    pair, loss = worst_pairs("ranking", label, score, group)
    assert pair.tolist() == [4, 2]
    assert loss.tolist() == [5, 4]
    order = np.random.default_rng(1).permutation(len(label))
    shuffled, _ = worst_pairs("ranking", label[order], score[order], group[order])
    assert order[shuffled].tolist() == [4, 2]


@pytest.mark.parametrize(("task", "metric"), [("binary", "log_loss"), ("multiclass", "log_loss")])
def test_the_metric_is_the_mean_of_the_losses_of_all_pairs(task, metric):
    rng = np.random.default_rng(1)
    label, positive = rng.integers(0, 2, 50), rng.random(50)
    score = positive if task == "binary" else np.stack([1 - positive, positive], axis=1)
    pair, loss = worst_pairs(task, label, score, count=50)
    assert sorted(pair.tolist()) == list(range(50))
    assert loss.mean() == pytest.approx(evaluate_scores(task, label, score)[metric], abs=1e-12)


def test_there_may_be_fewer():
    pair, loss = worst_pairs("regression", np.array([1.0]), np.array([1.0]), count=5)
    assert (pair.tolist(), loss.tolist()) == ([0], [0])
    pair, loss = worst_pairs("ranking", np.array([]), np.array([]), np.array([], np.int64))
    assert (len(pair), len(loss)) == (0, 0)
