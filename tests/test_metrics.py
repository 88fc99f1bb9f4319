"""Metrics against hand-derived numbers, scikit-learn, SciPy, and a search through every cut."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st

from pairlens.errors import PairlensError
from pairlens.metrics import best_threshold, binary_metrics, evaluate_scores, higher_is_better, regression_metrics

BINARY = ["accuracy", "precision", "recall", "f1", "roc_auc", "average_precision", "log_loss"]

# Tenths make ties common and put scores on the threshold, on 0 and on 1.
tenths = st.integers(0, 10).map(lambda k: k / 10)
floats32 = st.floats(0, 1, width=32)
pairs = st.lists(st.tuples(st.integers(0, 1), tenths | floats32), min_size=1, max_size=40)


def columns(rows):
    label, score = zip(*rows, strict=True)
    return np.array(label), np.array(score, dtype=np.float32)


def counts(label, score, threshold):
    """True and false positives, false and true negatives, one pair at a time."""
    table = {(1, True): 0, (0, True): 0, (1, False): 0, (0, False): 0}
    for one, s in zip(label, score, strict=True):
        table[int(one), float(s) >= threshold] += 1
    return table.values()


def goodness(label, score, threshold, metric):
    tp, fp, fn, tn = counts(label, score, threshold)
    if metric == "accuracy":
        return (tp + tn) / len(label)
    return 2 * tp / (2 * tp + fp + fn) if tp + fp + fn else 0.0


def test_binary_metrics_by_hand():
    label, score = np.array([1, 0, 1, 0, 1]), np.array([0.8, 0.8, 0.6, 0.4, 0.2])
    # At 0.5: TP 2 (0.8, 0.6), FP 1 (0.8), FN 1 (0.2), TN 1 (0.4).
    # roc_auc, of 3 x 2 comparisons: 0.8 ties and wins, 0.6 loses and wins, 0.2 loses twice: (0.5 + 1 + 1) / 6.
    # average_precision: cuts at 0.8, 0.6, 0.4, 0.2 gain 1/3, 1/3, 0, 1/3 of recall at precision 1/2, 2/3, 2/4, 3/5.
    # log_loss: the labels were given 0.8, 0.2, 0.6, 0.6, 0.2.
    assert binary_metrics(label, score) == pytest.approx(
        {
            "accuracy": 3 / 5,
            "precision": 2 / 3,
            "recall": 2 / 3,
            "f1": 2 / 3,
            "roc_auc": 2.5 / 6,
            "average_precision": (1 / 2 + 2 / 3 + 3 / 5) / 3,
            "log_loss": -math.log(0.8 * 0.2 * 0.6 * 0.6 * 0.2) / 5,
        },
        abs=1e-12,
    )


def test_regression_metrics_by_hand():
    # Deviations (-1, 0, 1) and (-3, 1, 2): r = 5 / sqrt(2 x 14). Both orders are the same: rho = 1.
    # Errors (-1, 2, 2): mse = (1 + 4 + 4) / 3.
    found = regression_metrics(np.array([1, 2, 3]), np.array([0, 4, 5]))
    assert found == pytest.approx({"pearson": 5 / math.sqrt(28), "spearman": 1, "mse": 3}, abs=1e-12)


@given(pairs, tenths)
def test_binary_metrics_equal_sklearn(rows, threshold):
    label, score = columns(rows)
    found = binary_metrics(label, score, threshold)
    assert list(found) == BINARY
    score = score.astype(np.float64)
    predicted = (score >= threshold).astype(int)
    expected = {
        "accuracy": sklearn.metrics.accuracy_score(label, predicted),
        "precision": sklearn.metrics.precision_score(label, predicted, zero_division=0),
        "recall": sklearn.metrics.recall_score(label, predicted, zero_division=0),
        "f1": sklearn.metrics.f1_score(label, predicted, zero_division=0),
        "log_loss": sklearn.metrics.log_loss(label, y_proba=score, labels=[0, 1]),
        # Where sklearn warns, we say nan.
        "roc_auc": sklearn.metrics.roc_auc_score(label, score) if 0 < label.sum() < len(label) else math.nan,
        "average_precision": sklearn.metrics.average_precision_score(label, score) if label.any() else math.nan,
    }
    assert found == pytest.approx(expected, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("levels", [3, 10, 10**6])
@pytest.mark.parametrize("seed", range(5))
def test_regression_metrics_equal_scipy(seed, levels):
    rng = np.random.default_rng(seed)
    label = rng.integers(0, levels, 200) / levels * 5
    score = (label + rng.integers(-levels, levels, 200) / levels).astype(np.float32)
    found = regression_metrics(label, score)
    score = score.astype(np.float64)
    expected = {
        "pearson": scipy.stats.pearsonr(label, score).statistic,
        "spearman": scipy.stats.spearmanr(label, score).statistic,
        "mse": sklearn.metrics.mean_squared_error(label, score),
    }
    assert list(found) == list(expected)
    assert found == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("scale", [1e-200, 1e150])
def test_correlations_do_not_depend_on_the_scale(scale):
    # The squares of 1e-200 vanish and the fourth powers of 1e150 overflow.
    found = regression_metrics(np.array([1, 2, 3]), np.array([0, 4, 5]) * scale)
    assert found["pearson"] == pytest.approx(5 / math.sqrt(28), abs=1e-12)


def test_perfect_correlation_is_never_above_one():
    for seed in range(50):
        label = np.random.default_rng(seed).random(30)
        assert 1 - 1e-12 < regression_metrics(label, label)["pearson"] <= 1


def test_a_rank_is_shared_by_equal_scores():
    # Ranks (1, 2.5, 2.5, 4) and (1, 2, 3, 4).
    # Deviations (-1.5, 0, 0, 1.5) and (-1.5, -0.5, 0.5, 1.5): rho = 4.5 / sqrt(4.5 x 5).
    found = regression_metrics(np.array([1, 2, 2, 3]), np.array([1, 2, 3, 4]))
    assert found["spearman"] == pytest.approx(4.5 / math.sqrt(4.5 * 5), abs=1e-12)


def test_order_of_pairs_does_not_matter():
    rng = np.random.default_rng(7)
    label, score = rng.integers(0, 2, 100), rng.integers(0, 5, 100) / 4
    order = rng.permutation(100)
    assert binary_metrics(label[order], score[order]) == pytest.approx(binary_metrics(label, score), abs=1e-12)


@pytest.mark.parametrize("only", [0, 1])
def test_one_class_alone_leaves_ranking_undefined(only):
    found = binary_metrics(np.full(3, only), np.array([0.1, 0.5, 0.9]))
    assert math.isnan(found["roc_auc"])
    # All positive: every cut has precision 1. No positive: nothing to recall.
    assert found["average_precision"] == pytest.approx(1.0 if only else math.nan, nan_ok=True)


def test_nothing_predicted_positive_scores_zero():
    found = binary_metrics(np.array([0, 0]), np.array([0.1, 0.2]))
    assert (found["accuracy"], found["precision"], found["recall"], found["f1"]) == (1, 0, 0, 0)


@pytest.mark.parametrize("constant", [0.0, 0.1, 3.0])
def test_constant_input_leaves_correlations_undefined(constant):
    # The mean of ten times 0.1 is not 0.1, so the deviations are not all zero.
    line, flat = np.arange(10.0), np.full(10, constant)
    for label, score in [(line, flat), (flat, line), (flat, flat)]:
        found = regression_metrics(label, score)
        assert math.isnan(found["pearson"])
        assert math.isnan(found["spearman"])
        assert math.isfinite(found["mse"])


def test_no_pairs():
    empty = np.array([])
    found = binary_metrics(empty, empty)
    assert [name for name in BINARY if math.isnan(found[name])] == [
        "accuracy",
        "roc_auc",
        "average_precision",
        "log_loss",
    ]
    assert all(math.isnan(x) for x in regression_metrics(empty, empty).values())
    assert best_threshold(empty, empty, "f1") == 0.5


def test_log_loss_of_certain_mistakes_is_finite():
    # A probability of 0 for the label counts as eps = 2^-52: -ln(2^-52) = 52 ln 2.
    found = binary_metrics(np.array([1, 0]), np.array([0, 1], dtype=np.float32))
    assert found["log_loss"] == pytest.approx(52 * math.log(2), abs=1e-12)


@pytest.mark.parametrize("broken", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_no_number_is_refused(broken):
    label, score = np.array([0, 1, 0, 1]), np.array([0.1, 0.2, broken, broken], dtype=np.float32)
    cause = rf"^pair 2: its score is {broken} \(2 of 4 are not finite\); .*learning_rate$"
    for metrics in (binary_metrics, regression_metrics, lambda a, b: best_threshold(a, b, "f1")):
        with pytest.raises(PairlensError, match=cause):
            metrics(label, score)


@pytest.mark.parametrize("shape", [(4,), (3, 1), (1, 3), ()])
def test_shapes_never_broadcast(shape):
    for metrics in (binary_metrics, regression_metrics, lambda a, b: best_threshold(a, b, "f1")):
        with pytest.raises(ValueError, match=r"found shapes \(3,\) and"):
            metrics(np.array([0, 1, 0]), np.full(shape, 0.5))
    with pytest.raises(ValueError, match=r"found shapes \(3, 1\) and \(3, 1\); both must be \[N\]"):
        binary_metrics(np.zeros((3, 1)), np.zeros((3, 1)))


@given(pairs, st.sampled_from(["accuracy", "f1"]))
def test_best_threshold_is_the_optimum(rows, metric):
    label, score = columns(rows)
    # Thresholds at every score, and one above all, are all the cuts there are.
    best = max(goodness(label, score, cut, metric) for cut in [*score.astype(np.float64), 2.0])
    threshold = best_threshold(label, score, metric)
    assert goodness(label, score, threshold, metric) == best
    assert binary_metrics(label, score, threshold)[metric] == best


def test_best_threshold_is_midway_between_neighbours():
    # Negatives 0.25, positives 0.75 and more: one perfect cut, halfway between.
    label, score = np.array([0, 0, 1, 1]), np.array([0.125, 0.25, 0.75, 0.875])
    assert best_threshold(label, score, "accuracy") == 0.5
    # Wide gap on one side: positives from 0.5 up, so halfway between 0.25 and 0.5.
    assert best_threshold(label, np.array([0.125, 0.25, 0.5, 0.875]), "f1") == 0.375


def test_best_threshold_prefers_the_middle():
    # Accuracy by cut: all positive 2/3; from 3/8 up 1/3; from 5/8 up 2/3; none 1/3.
    # So thresholds 1/16 and 1/2 are equally good.
    label, score = np.array([1, 0, 1]), np.array([1 / 8, 3 / 8, 5 / 8])
    assert best_threshold(label, score, "accuracy") == 0.5
    # By cut 2/4, 1/4, 2/4, 3/4, 2/4: the best is not the nearest.
    assert best_threshold(np.array([1, 0, 0, 1]), np.array([1 / 8, 1 / 4, 3 / 8, 1 / 2]), "accuracy") == 7 / 16
    # By cut 1/2, 0, 1/2: thresholds 1/8 and 7/8 are equally good and equally near.
    assert best_threshold(np.array([1, 0]), np.array([1 / 4, 3 / 4]), "accuracy") == 1 / 8


def test_best_threshold_beyond_all_scores():
    # Nothing is positive: above the greatest score, halfway to 1.
    assert best_threshold(np.array([0, 0]), np.array([0.25, 0.5]), "accuracy") == 0.75
    # Everything is: below the least score, halfway to 0.
    assert best_threshold(np.array([1, 1]), np.array([0.5, 0.75]), "accuracy") == 0.25
    # A score of 1 must stay below the threshold, a score of 0 must reach it.
    assert best_threshold(np.array([0]), np.array([1.0]), "accuracy") > 1
    assert best_threshold(np.array([1]), np.array([0.0]), "accuracy") == 0


def test_best_threshold_separates_adjacent_floats():
    low = 0.5
    high = np.nextafter(low, 1)
    label, score = np.array([0, 1]), np.array([low, high])
    threshold = best_threshold(label, score, "accuracy")
    assert binary_metrics(label, score, threshold)["accuracy"] == 1


def test_best_threshold_knows_two_metrics():
    with pytest.raises(ValueError, match="found 'recall'; a threshold is fitted to accuracy or f1"):
        best_threshold(np.array([0, 1]), np.array([0.1, 0.9]), "recall")


def test_evaluate_scores_follows_the_task():
    label, score = np.array([0, 1, 1]), np.array([0.1, 0.3, 0.8])
    assert evaluate_scores("binary", label, score, 0.2) == binary_metrics(label, score, 0.2)
    assert evaluate_scores("regression", label, score, 0.2) == regression_metrics(label, score)
    with pytest.raises(PairlensError, match="found 'sorting', which has no metrics"):
        evaluate_scores("sorting", label, score)


def test_losses_are_better_when_lower():
    reported = [*BINARY, "pearson", "spearman", "mse"]
    assert [name for name in reported if not higher_is_better(name)] == ["log_loss", "mse"]
