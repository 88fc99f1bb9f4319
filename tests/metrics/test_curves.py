"""Curves against scikit-learn, thinning against a slow oracle, and the bins of charts against loops."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
import sklearn.metrics
from examples import example
from hypothesis import given
from hypothesis import strategies as st

from pairlens.evaluation.bootstrap import bootstrap_intervals
from pairlens.evaluation.by_length import by_length
from pairlens.metrics import evaluate_scores
from pairlens.metrics.bins import histogram, joint_histogram
from pairlens.metrics.calibration import reliability
from pairlens.metrics.curves import precision_recall_curve, roc_curve, thin

tenths = st.integers(0, 10).map(lambda k: k / 10)
pairs = st.lists(st.tuples(st.integers(0, 1), tenths | st.floats(0, 1, width=32)), min_size=1, max_size=40)


def columns(rows):
    label, score = zip(*rows, strict=True)
    return np.array(label), np.array(score, dtype=np.float32)


# ---- curves ----------------------------------------------------------------------------------------------------------


def test_curves_by_hand():
    # Cuts at 0.9 (one positive), 0.5 (one of each, tied) and 0.1 (one negative).
    label, score = np.array([1, 1, 0, 0]), np.array([0.9, 0.5, 0.5, 0.1])
    roc = roc_curve(label, score)
    assert roc.x.tolist() == [0, 0, 0.5, 1]
    assert roc.y.tolist() == [0, 0.5, 1, 1]
    assert roc.threshold.tolist() == [math.inf, 0.9, 0.5, 0.1]
    stairs = precision_recall_curve(label, score)
    assert stairs.x.tolist() == [0, 0.5, 0.5, 1, 1, 1]
    assert stairs.y.tolist() == pytest.approx([1, 1, 2 / 3, 2 / 3, 0.5, 0.5])
    assert stairs.threshold.tolist() == [0.9, 0.9, 0.5, 0.5, 0.1, 0.1]


@given(pairs.filter(lambda rows: len({label for label, _ in rows}) == 2))
def test_curves_equal_scikit_learns_and_their_areas_are_the_metrics(rows):
    label, score = columns(rows)
    roc = roc_curve(label, score)
    rate, recall, threshold = sklearn.metrics.roc_curve(label, score, drop_intermediate=False)
    assert roc.x == pytest.approx(rate, abs=1e-12)
    assert roc.y == pytest.approx(recall, abs=1e-12)
    assert roc.threshold.tolist() == threshold.tolist()
    metrics = evaluate_scores("binary", label, score)
    assert np.trapezoid(roc.y, roc.x) == pytest.approx(metrics["roc_auc"], abs=1e-12)

    stairs = precision_recall_curve(label, score)
    precision, recall, threshold = sklearn.metrics.precision_recall_curve(label, score)
    assert stairs.x[1::2] == pytest.approx(recall[-2::-1], abs=1e-12)
    assert stairs.y[1::2] == pytest.approx(precision[-2::-1], abs=1e-12)
    assert stairs.threshold[1::2].tolist() == threshold[::-1].tolist()
    assert np.sum(np.diff(stairs.x) * stairs.y[1:]) == pytest.approx(metrics["average_precision"], abs=1e-12)


@pytest.mark.parametrize("label", [0, 1])
def test_a_curve_that_needs_the_missing_class_is_undefined(label):
    only = np.full(3, label), np.array([0.1, 0.2, 0.3])
    assert np.isnan(roc_curve(*only).y[1:]).all() == (label == 0)
    assert np.isnan(roc_curve(*only).x[1:]).all() == (label == 1)
    assert np.isnan(precision_recall_curve(*only).x[1:]).all() == (label == 0)


def distance_to_line(x, y, xs, ys):
    """The distance of a point from the nearest segment of a line."""
    distances = []
    for a, b, c, d in zip(xs, ys, xs[1:], ys[1:], strict=False):
        length = (c - a) ** 2 + (d - b) ** 2
        along = min(max(((x - a) * (c - a) + (y - b) * (d - b)) / length, 0), 1) if length else 0
        distances.append(math.hypot(x - a - along * (c - a), y - b - along * (d - b)))
    return min(distances, default=math.hypot(x - xs[0], y - ys[0]))


@given(st.lists(st.tuples(tenths, tenths), min_size=1, max_size=30), st.sampled_from([0.0, 0.05, 0.3]))
def test_thinning_only_drops_points_within_the_tolerance(points, tolerance):
    x, y = np.array(points).T
    kept = thin(x, y, tolerance)
    assert (kept[0], kept[-1]) == (0, len(x) - 1)
    for a, b in points:
        assert distance_to_line(a, b, x[kept].tolist(), y[kept].tolist()) <= tolerance + 1e-12


def test_thinning_a_straight_line_leaves_its_ends():
    assert thin(np.arange(9.0), 2 * np.arange(9.0), 0).tolist() == [0, 8]


def test_a_million_points_are_thinned_to_a_drawing_quickly():
    random = np.random.default_rng(1)
    label = random.integers(0, 2, 1_000_000)
    score = np.clip(0.2 * label + random.normal(0.4, 0.2, len(label)), 0, 1)
    started = time.perf_counter()
    for curve in (roc_curve(label, score), precision_recall_curve(label, score)):
        assert len(curve.x) > 900_000
        few = curve.thin(0.0005)
        assert 10 < len(few.x) < 3000
        assert (few.x[0], few.x[-1]) == (curve.x[0], curve.x[-1])
    assert time.perf_counter() - started < 20


# ---- calibration -----------------------------------------------------------------------------------------------------


@given(pairs)
def test_reliability_equals_a_slow_loop_and_adds_up_to_ece(rows):
    label, score = columns(rows)
    found = reliability(label, score)
    for number in range(15):
        low, high = number / 15, (number + 1) / 15
        inside = [i for i, s in enumerate(score.tolist()) if low < s <= high or (number == 0 and s <= low)]
        assert found.pairs[number] == len(inside)
        if not inside:
            assert all(math.isnan(side[number]) for side in found[1:])
            continue
        share = float(np.mean(label[inside]))
        assert found.score[number] == pytest.approx(np.mean(score[inside].astype(float)))
        assert found.positive[number] == pytest.approx(share)
        assert -1e-12 <= found.low[number] <= share + 1e-12
        assert share - 1e-12 <= found.high[number] <= 1 + 1e-12
    gaps = found.pairs * np.abs(found.score - found.positive)
    assert np.nansum(gaps) / len(rows) == pytest.approx(evaluate_scores("binary", label, score)["ece"], abs=1e-9)


def test_wilsons_interval_of_published_figures():
    # Newcombe 1998, table I: 15 of 148 is .0624 to .1605; 0 of 20 is .0000 to .1611; 1 of 29 is .0061 to .1718.
    for positives, pairs_, low, high in ((15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718)):
        label = np.arange(pairs_) < positives
        found = reliability(label, np.full(pairs_, 0.5))
        assert (round(found.low[7], 4), round(found.high[7], 4)) == (pytest.approx(low), pytest.approx(high))


# ---- bins ------------------------------------------------------------------------------------------------------------


def test_histograms_count_every_value_once():
    values = np.array([0, 0.1, 0.5, 0.5, 1.0], np.float32)
    assert histogram(values, 2, 0, 1).counts.tolist() == [2, 3]
    joint = joint_histogram(np.array([1.0, 5.0, 3.0]), np.array([1.0, 1.0, 4.9]), 4)
    assert joint.edges.tolist() == [1, 2, 3, 4, 5]
    assert joint.counts.tolist() == [[1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1], [1, 0, 0, 0]]
    assert joint_histogram(np.ones(3), np.ones(3), 2).counts.sum() == 3


def test_a_metric_by_length_is_computed_from_the_pairs_in_each_bin():
    label, score, _ = example("binary", 50)
    lengths = np.arange(50) % 10 + 2  # ten lengths, five pairs of each: two lengths a bin
    bins = by_length("accuracy", lengths, "binary", label, score, 0.4)
    assert [(b.shortest, b.longest, b.units) for b in bins] == [(a, a + 1, 10) for a in (2, 4, 6, 8, 10)]
    for b in bins:
        inside = (lengths >= b.shortest) & (lengths <= b.longest)
        assert b.value == evaluate_scores("binary", label[inside], score[inside], 0.4)["accuracy"]
        assert (b.low, b.high) == bootstrap_intervals("binary", label[inside], score[inside], 0.4)["accuracy"]


def test_equal_lengths_share_a_bin():
    label, score, _ = example("binary", 20)
    (only,) = by_length("accuracy", np.full(20, 7), "binary", label, score)
    assert (only.shortest, only.longest, only.units) == (7, 7, 20)
    lengths = np.array([1] * 17 + [2, 3, 3])
    assert [(b.shortest, b.longest, b.units) for b in by_length("mcc", lengths, "binary", label, score)] == [
        (1, 1, 17),
        (2, 3, 3),
    ]


def test_a_group_stays_whole_and_counts_with_its_mean_length():
    label, score = np.array([1, 0, 1, 0, 0]), np.array([0.9, 0.1, 0.2, 0.8, 0.5])
    group, lengths = np.array([5, 5, 3, 3, 8]), np.array([2, 4, 9, 10, 100])  # group 8 has no positive
    bins = by_length("mrr", lengths, "ranking", label, score, group=group)
    assert [(b.shortest, b.longest, b.units) for b in bins] == [(3, 3, 1), (9.5, 9.5, 1), (100, 100, 0)]
    assert [b.value for b in bins[:2]] == [1, 0.5]
    assert math.isnan(bins[2].value)
