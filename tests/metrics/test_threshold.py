"""The fitted threshold against a search through every cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairlens.metrics import best_threshold, confusion_matrix, evaluate_scores, fit_threshold
from pairlens.metrics.order import at_least, at_most

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


@given(pairs, st.sampled_from(["accuracy", "f1"]))
def test_best_threshold_is_the_optimum(rows, metric):
    label, score = columns(rows)
    # Thresholds at every score and above all scores give all possible cuts.
    best = max(goodness(label, score, cut, metric) for cut in [*score.astype(np.float64), 2.0])
    threshold = best_threshold(label, score, metric)
    assert goodness(label, score, threshold, metric) == best
    assert evaluate_scores("binary", label, score, threshold)[metric] == best


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
    # Nothing is positive: above the highest score, halfway to 1.
    assert best_threshold(np.array([0, 0]), np.array([0.25, 0.5]), "accuracy") == 0.75
    # Everything is positive: below the lowest score, halfway to 0.
    assert best_threshold(np.array([1, 1]), np.array([0.5, 0.75]), "accuracy") == 0.25
    # A score of 1 must stay below the threshold, a score of 0 must reach it.
    assert best_threshold(np.array([0]), np.array([1.0]), "accuracy") > 1
    assert best_threshold(np.array([1]), np.array([0.0]), "accuracy") == 0


def test_best_threshold_separates_adjacent_floats():
    low = 0.5
    high = np.nextafter(low, 1)
    label, score = np.array([0, 1]), np.array([low, high])
    threshold = best_threshold(label, score, "accuracy")
    assert evaluate_scores("binary", label, score, threshold)["accuracy"] == 1


def test_the_threshold_of_float32_scores_is_one_of_them():
    # There is no float32 between neighbours: the greater one itself.
    low, high = np.float32(0.5), np.nextafter(np.float32(0.5), np.float32(1))
    assert best_threshold(np.array([0, 1]), np.array([low, high]), "f1") == high
    # 0.1 and 0.2 as float32 are 0.10000000149 and 0.20000000298; their middle is rounded.
    threshold = best_threshold(np.array([0, 1]), np.array([0.1, 0.2], np.float32), "f1")
    assert threshold == np.float32(threshold) == np.float32(0.15)


def test_a_score_reaches_a_bound_copied_from_its_text():
    score = np.array([0.1, 0.7], np.float32)  # 0.10000000149 and 0.69999998807
    assert at_least(score, 0.7).tolist() == [False, True]
    assert at_most(score, 0.1).tolist() == [True, False]
    assert at_least(score, 1e300).tolist() == [False, False]
    assert confusion_matrix(np.array([0, 1]), score, 0.7).tolist() == [[1, 0], [0, 1]]
    assert evaluate_scores("binary", np.array([0, 1]), score, 0.7)["accuracy"] == 1


def test_an_unknown_metric():
    with pytest.raises(ValueError, match="found 'recall'; a threshold is fitted to accuracy or f1"):
        best_threshold(np.array([0, 1]), np.array([0.1, 0.9]), "recall")


def test_the_best_threshold_of_nothing_is_the_middle():
    assert best_threshold(np.array([]), np.array([]), "f1") == 0.5


def test_a_threshold_among_equal_scores_is_a_logit():
    # Both pairs score 1, with logits 20 and 30: only a logit between them, 25, separates them.
    label, score = np.array([0, 1]), np.array([[1, 20], [1, 30]], np.float32)
    threshold = fit_threshold(label, score, "accuracy")
    assert threshold == (1.0, 25.0)
    assert at_least(score, threshold).tolist() == [False, True]
    assert evaluate_scores("binary", label, score, threshold)["accuracy"] == 1
    assert evaluate_scores("binary", label, score)["roc_auc"] == 1
    assert evaluate_scores("binary", label, score[:, 0])["roc_auc"] == 0.5
    # Where the scores differ, they decide.
    assert fit_threshold(label, np.array([[0.25, -1], [0.75, 1]], np.float32), "accuracy") == (0.5, None)


@given(pairs, st.sampled_from(["accuracy", "f1"]))
def test_with_logits_no_threshold_is_worse(rows, metric):
    label, score = columns(rows)
    logit = np.random.default_rng(len(rows)).permutation(len(rows)).astype(np.float32)
    both = np.stack([np.round(score), logit], axis=1)  # ties, broken by the logits
    threshold = fit_threshold(label, both, metric)
    found = evaluate_scores("binary", label, both, threshold)[metric]
    order = np.lexsort((logit, both[:, 0]))
    every = [goodness(label[order], np.arange(len(order)), cut, metric) for cut in range(len(order) + 1)]
    assert found == max(every)
