"""Metrics of binary labels against hand-derived numbers and scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sklearn.calibration
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st

from pairlens.metrics import confusion_matrix, evaluate_scores

BINARY = [
    *("accuracy", "precision", "recall", "f1", "mcc"),
    *("ece", "brier", "roc_auc", "average_precision", "log_loss"),
]

# Tenths make ties common and put scores on the threshold, on 0 and on 1.
tenths = st.integers(0, 10).map(lambda k: k / 10)
floats32 = st.floats(0, 1, width=32)
pairs = st.lists(st.tuples(st.integers(0, 1), tenths | floats32), min_size=1, max_size=40)


def binary_metrics(label, score, threshold=0.5):
    return evaluate_scores("binary", label, score, threshold)


def columns(rows):
    label, score = zip(*rows, strict=True)
    return np.array(label), np.array(score, dtype=np.float32)


def test_by_hand():
    label, score = np.array([1, 0, 1, 0, 1]), np.array([0.8, 0.8, 0.6, 0.4, 0.2])
    # At 0.5: TP 2 (0.8, 0.6), FP 1 (0.8), FN 1 (0.2), TN 1 (0.4).
    # mcc: (2 x 1 - 1 x 1) / sqrt(3 x 3 x 2 x 2), the roots of predicted and true positives and negatives.
    # ece: the pairs at 0.8 share a bin, |1 + 0 - 1.6| = 0.6; the others are alone and off by 0.4, 0.4, 0.8.
    # brier: the squares of 0.2, 0.8, 0.4, 0.4, 0.8.
    # roc_auc, of 3 x 2 comparisons: 0.8 ties and wins, 0.6 loses and wins, 0.2 loses twice: (0.5 + 1 + 1) / 6.
    # average_precision: cuts at 0.8, 0.6, 0.4, 0.2 gain 1/3, 1/3, 0, 1/3 of recall at precision 1/2, 2/3, 2/4, 3/5.
    # log_loss: the labels' probabilities are 0.8, 0.2, 0.6, 0.6, 0.2.
    found = binary_metrics(label, score)
    assert list(found) == BINARY
    assert found == pytest.approx(
        {
            "accuracy": 3 / 5,
            "precision": 2 / 3,
            "recall": 2 / 3,
            "f1": 2 / 3,
            "mcc": 1 / 6,
            "ece": 2.2 / 5,
            "brier": 1.64 / 5,
            "roc_auc": 2.5 / 6,
            "average_precision": (1 / 2 + 2 / 3 + 3 / 5) / 3,
            "log_loss": -math.log(0.8 * 0.2 * 0.6 * 0.6 * 0.2) / 5,
        },
        abs=1e-12,
    )
    # Rows are labels, columns predictions.
    assert confusion_matrix(label, score).tolist() == [[1, 1], [1, 2]]
    assert confusion_matrix(label, score, 0.7).tolist() == [[1, 1], [2, 1]]


def calibration_error(label, score):
    """The mean of the bins' errors, weighted by their shares of the pairs; scikit-learn makes the bins."""
    true, predicted = sklearn.calibration.calibration_curve(label, score, n_bins=15)
    size = np.bincount(np.searchsorted(np.linspace(0, 1, 16)[1:-1], score), minlength=15)
    return (size[size > 0] * np.abs(true - predicted)).sum() / len(label)


@given(pairs, tenths)
def test_equal_to_sklearn(rows, threshold):
    label, score = columns(rows)
    found = binary_metrics(label, score, threshold)
    score = score.astype(np.float64)
    predicted = (score >= threshold).astype(int)
    both = 0 < label.sum() < len(label)
    expected = {
        "accuracy": sklearn.metrics.accuracy_score(label, predicted),
        "precision": sklearn.metrics.precision_score(label, predicted, zero_division=0),
        "recall": sklearn.metrics.recall_score(label, predicted, zero_division=0),
        "f1": sklearn.metrics.f1_score(label, predicted, zero_division=0),
        "mcc": sklearn.metrics.matthews_corrcoef(label, predicted) if both else 0,
        "brier": sklearn.metrics.brier_score_loss(label, score),
        "log_loss": sklearn.metrics.log_loss(label, y_proba=score, labels=[0, 1]),
        "ece": calibration_error(label, score),
        # Where sklearn warns, we say nan.
        "roc_auc": sklearn.metrics.roc_auc_score(label, score) if both else math.nan,
        "average_precision": sklearn.metrics.average_precision_score(label, score) if label.any() else math.nan,
    }
    assert found == pytest.approx(expected, abs=1e-9, nan_ok=True)
    counts = sklearn.metrics.confusion_matrix(label, predicted, labels=[0, 1])
    np.testing.assert_array_equal(confusion_matrix(label, score, threshold), counts)


def test_a_score_on_an_edge_belongs_to_the_bin_below():
    # The second bin is from 1/15, without, to 2/15, with: both pairs are in it, and its mean score is 0.1.
    # Slightly above the edge is in the third bin: the errors are |0 - 2/15| and |1 - 1/15| then.
    label = np.array([0, 1])
    together = binary_metrics(label, np.array([2 / 15, np.nextafter(1 / 15, 1)]))
    apart = binary_metrics(label, np.array([np.nextafter(2 / 15, 1), np.nextafter(1 / 15, 1)]))
    assert together["ece"] == pytest.approx(0.5 - 0.1)
    assert apart["ece"] == pytest.approx((2 / 15 + 14 / 15) / 2)


def test_order_of_pairs_does_not_matter():
    rng = np.random.default_rng(7)
    label, score = rng.integers(0, 2, 100), rng.integers(0, 5, 100) / 4
    order = rng.permutation(100)
    assert binary_metrics(label[order], score[order]) == pytest.approx(binary_metrics(label, score), abs=1e-12)


@pytest.mark.parametrize("only", [0, 1])
def test_with_one_class_only_ranking_metrics_are_undefined(only):
    found = binary_metrics(np.full(3, only), np.array([0.1, 0.5, 0.9]))
    assert math.isnan(found["roc_auc"])
    # All positive: every cut has precision 1. No positive: nothing to recall.
    assert found["average_precision"] == pytest.approx(1.0 if only else math.nan, nan_ok=True)


def test_nothing_predicted_positive_scores_zero():
    found = binary_metrics(np.array([0, 0]), np.array([0.1, 0.2]))
    assert [found[name] for name in ("accuracy", "precision", "recall", "f1", "mcc")] == [1, 0, 0, 0, 0]


def test_no_pairs():
    found = binary_metrics(np.array([]), np.array([]))
    assert [name for name in BINARY if not math.isnan(found[name])] == ["precision", "recall", "f1", "mcc"]


def test_log_loss_of_certain_mistakes_is_finite():
    # A probability of 0 for the label counts as eps = 2^-52: -ln(2^-52) = 52 ln 2.
    found = binary_metrics(np.array([1, 0]), np.array([0, 1], dtype=np.float32))
    assert found["log_loss"] == pytest.approx(52 * math.log(2), abs=1e-12)
