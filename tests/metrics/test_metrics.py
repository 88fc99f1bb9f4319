"""Properties of the metrics of every task."""

from __future__ import annotations

import math

import numpy as np
import pytest
from examples import TASKS, example

from pairlens.config.tasks import TASK_METRICS
from pairlens.errors import PairlensError
from pairlens.metrics import best_threshold, evaluate_scores, higher_is_better, task_metrics, worst_pairs


@pytest.mark.parametrize("task", TASKS)
def test_early_stopping_may_watch_what_is_reported(task):
    label, score, group = example(task)
    found = evaluate_scores(task, label, score, group=group)
    assert list(found) == list(TASK_METRICS[task])
    assert all(type(value) is float and math.isfinite(value) for value in found.values())


def test_losses_are_better_when_lower():
    losses = {name for names in TASK_METRICS.values() for name in names if not higher_is_better(name)}
    assert losses == {"log_loss", "ece", "brier", "mse"}


@pytest.mark.parametrize("task", ["binary", "regression", "multiclass"])
def test_a_weight_is_how_often_a_pair_counts(task):
    label, score, _ = example(task)
    weight = np.random.default_rng(2).integers(0, 4, (7, len(label)))
    weight[0] = 1
    found = task_metrics(task, label, score, 0.4)(weight.astype(np.float64))
    for row, count in enumerate(weight):
        expected = evaluate_scores(task, np.repeat(label, count), np.repeat(score, count, axis=0), 0.4)
        assert {name: value[row] for name, value in found.items()} == pytest.approx(expected, abs=1e-12)


def test_pairs_that_do_not_count_may_leave_a_metric_undefined():
    # Row 0 draws one positive and one negative; row 1 only the positives, whose scores are equal.
    label, score = np.array([1, 0, 1]), np.array([0.1, 0.7, 0.1])
    weight = np.array([[1.0, 2.0, 0.0], [1.0, 0.0, 2.0]])
    roc_auc = task_metrics("binary", label, score)(weight)["roc_auc"]
    pearson = task_metrics("regression", label, score)(weight)["pearson"]
    np.testing.assert_array_equal(roc_auc, [0, math.nan])
    np.testing.assert_allclose(pearson, [-1, math.nan])


@pytest.mark.parametrize("broken", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_not_finite_is_refused(broken):
    label, score = np.array([0, 1, 0, 1]), np.array([0.1, 0.2, broken, broken], dtype=np.float32)
    cause = rf"^pair 2: its score is {broken} \(2 of 4 are not finite\); .*learning_rate$"
    for task in TASKS:
        scores = np.stack([score, score], axis=1) if task == "multiclass" else score
        for measure in (evaluate_scores, worst_pairs):
            with pytest.raises(PairlensError, match=cause):
                measure(task, label, scores, group=label)
    with pytest.raises(PairlensError, match=cause):
        best_threshold(label, score, "f1")


@pytest.mark.parametrize("shape", [(4,), (3, 1), (1, 3), ()])
def test_shapes_never_broadcast(shape):
    label, score = np.array([0, 1, 0]), np.full(shape, 0.5)
    for task in ("binary", "regression", "ranking"):
        with pytest.raises(ValueError, match=r"found shapes \(3,\) and"):
            evaluate_scores(task, label, score, group=label)
    with pytest.raises(ValueError, match=r"found shapes \(3,\) and"):
        best_threshold(label, score, "f1")


def test_classes_have_a_column_each():
    label = np.array([0, 1, 0])
    for shape in ((3,), (2, 3), (1, 3, 2)):
        with pytest.raises(ValueError, match=r"found shapes \(3,\) and .*; must be \[N\] and \[N, C\]"):
            evaluate_scores("multiclass", label, np.full(shape, 0.5))


def test_an_unknown_task():
    with pytest.raises(PairlensError, match="'sorting' is unknown; must be one of binary, "):
        evaluate_scores("sorting", np.array([0]), np.array([0.5]))
