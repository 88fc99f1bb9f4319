"""Metrics of classes against hand-derived numbers and scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st

from pairlens.errors import DataError
from pairlens.metrics import confusion_matrix, evaluate_scores

MULTICLASS = ["accuracy", "macro_f1", "mcc", "log_loss"]

# Shares of small counts: ties and probabilities of 0 and 1 are common.
shares = st.lists(st.integers(0, 3), min_size=4, max_size=4).filter(any)
pairs = st.lists(st.tuples(st.integers(0, 3), shares), min_size=1, max_size=30)


def test_by_hand():
    label = np.array([0, 0, 1, 2])
    score = np.array([[0.7, 0.2, 0.1], [0.3, 0.6, 0.1], [0.1, 0.8, 0.1], [0.5, 0.3, 0.2]])
    # Predicted 0, 1, 1, 0. TP 1, 1, 0; labels 2, 1, 1; predicted 2, 2, 0: f1 = 2/4, 2/3, 0/1.
    # mcc: (2 x 4 - (2 x 2 + 1 x 2 + 1 x 0)) / sqrt((16 - 4 - 1 - 1) (16 - 4 - 4)).
    # log_loss: the labels' probabilities are 0.7, 0.3, 0.8, 0.2.
    assert evaluate_scores("multiclass", label, score) == pytest.approx(
        {
            "accuracy": 2 / 4,
            "macro_f1": (2 / 4 + 2 / 3) / 3,
            "mcc": 2 / math.sqrt(80),
            "log_loss": -math.log(0.7 * 0.3 * 0.8 * 0.2) / 4,
        },
        abs=1e-12,
    )
    assert confusion_matrix(label, score).tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]


@given(pairs)
def test_equal_to_sklearn(rows):
    label, counts = (np.array(side) for side in zip(*rows, strict=True))
    score = counts / counts.sum(axis=1, keepdims=True)
    predicted = score.argmax(axis=1)
    one = len({*label.tolist(), *predicted.tolist()}) == 1
    expected = {
        "accuracy": sklearn.metrics.accuracy_score(label, predicted),
        "macro_f1": sklearn.metrics.f1_score(label, predicted, average="macro", zero_division=0),
        "mcc": 0 if one else sklearn.metrics.matthews_corrcoef(label, predicted),
        "log_loss": sklearn.metrics.log_loss(label, score, labels=[0, 1, 2, 3]),
    }
    found = evaluate_scores("multiclass", label, score)
    assert list(found) == MULTICLASS
    assert found == pytest.approx(expected, abs=1e-9)
    table = sklearn.metrics.confusion_matrix(label, predicted, labels=[0, 1, 2, 3])
    np.testing.assert_array_equal(confusion_matrix(label, score), table)


def test_two_classes_are_binary():
    rng = np.random.default_rng(1)
    label, positive = rng.integers(0, 2, 50), rng.random(50)
    two = evaluate_scores("multiclass", label, np.stack([1 - positive, positive], axis=1))
    one = evaluate_scores("binary", label, positive)
    assert [two[name] for name in ("accuracy", "mcc", "log_loss")] == pytest.approx(
        [one[name] for name in ("accuracy", "mcc", "log_loss")], abs=1e-12
    )


def test_the_first_of_equally_probable_classes_is_predicted():
    assert evaluate_scores("multiclass", np.array([0, 1]), np.full((2, 2), 0.5))["accuracy"] == 0.5


def test_no_pairs():
    found = evaluate_scores("multiclass", np.array([]), np.zeros((0, 3)))
    assert [name for name in MULTICLASS if not math.isnan(found[name])] == ["mcc"]


@pytest.mark.parametrize("label", [3, -1, 0.5])
def test_a_label_that_is_not_a_class_of_the_model(label):
    for measure in (lambda *pairs: evaluate_scores("multiclass", *pairs), confusion_matrix):
        with pytest.raises(DataError, match=rf"^pair 1: its label is {label}; the model's classes are 0 to 2$"):
            measure(np.array([0, label]), np.full((2, 3), 1 / 3))
