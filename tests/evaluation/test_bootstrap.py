"""Bootstrap intervals and comparisons against a plain loop over resamples, and against theory."""

from __future__ import annotations

import math

import numpy as np
import pytest
from examples import TASKS, example

from pairlens.evaluation import bootstrap
from pairlens.evaluation.bootstrap import bootstrap_intervals, paired_differences
from pairlens.metrics import evaluate_scores

SAMPLES = 40


def resampled(task, label, score, threshold, group, samples=SAMPLES, seed=1):
    """Measure the metrics of each resample on a copy of the drawn pairs; groups are drawn whole."""
    random = np.random.default_rng(seed)
    counted = np.unique(group[label == 1])
    units = len(counted) if task == "ranking" else len(label)
    found = []
    for _ in range(samples):
        drawn = random.integers(units, size=units)
        if task == "ranking":
            members = [np.flatnonzero(group == counted[unit]) for unit in drawn]
            groups = np.repeat(np.arange(units), [len(pairs) for pairs in members])
            drawn = np.concatenate(members)
        else:
            groups = group[drawn]
        found.append(evaluate_scores(task, label[drawn], score[drawn], threshold, groups))
    return {name: np.array([metrics[name] for metrics in found]) for name in found[0]}


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("pairs", [5, 60])
def test_intervals_equal_a_loop(task, pairs):
    label, score, group = example(task, pairs)
    expected = {
        name: tuple(np.nanpercentile(values, (2.5, 97.5)))
        for name, values in resampled(task, label, score, 0.4, group).items()
    }
    found = bootstrap_intervals(task, label, score, 0.4, group, samples=SAMPLES)
    assert list(found) == list(expected)
    for name, interval in expected.items():
        assert found[name] == pytest.approx(interval, abs=1e-9)


def test_an_outlier_does_not_spoil_the_resamples_without_it():
    # Compared with 1e9 the other scores are nearly equal, but a third of the resamples lack it.
    label, score, group = example("regression")
    score[0] = 1e9
    expected = resampled("regression", label, score, 0.5, group)["pearson"]
    found = bootstrap_intervals("regression", label, score, samples=SAMPLES)["pearson"]
    assert found == pytest.approx(np.percentile(expected, (2.5, 97.5)), abs=1e-9)


@pytest.mark.parametrize("task", TASKS)
def test_comparisons_equal_a_loop(task):
    label, a, group = example(task)
    _, b, _ = example(task, seed=2)
    measured = [evaluate_scores(task, label, *model, group) for model in ((a, 0.4), (b, 0.6))]
    resamples = [resampled(task, label, *model, group) for model in ((a, 0.4), (b, 0.6))]
    found = paired_differences(task, label, a, b, 0.4, 0.6, group, samples=SAMPLES)
    assert list(found) == list(measured[0])
    for name, (difference, low, high, p_value) in found.items():
        differences = resamples[0][name] - resamples[1][name]
        assert difference == pytest.approx(measured[0][name] - measured[1][name], abs=1e-9)
        assert (low, high) == pytest.approx(np.percentile(differences, (2.5, 97.5)), abs=1e-9)
        other_side = min((differences <= 0).sum(), (differences >= 0).sum())
        assert p_value == min(1, 2 * (other_side + 1) / (SAMPLES + 1))


def test_resamples_do_not_depend_on_the_size_of_a_block(monkeypatch):
    label, score, _ = example("binary")
    blocks = []
    for size in (1, 200, 10**6):  # weights: one row of 60, three, all
        monkeypatch.setattr(bootstrap, "_BLOCK", size)
        blocks.append(list(bootstrap_intervals("binary", label, score, samples=SAMPLES).values()))
    np.testing.assert_allclose(blocks[0], blocks[1], atol=1e-12)
    np.testing.assert_allclose(blocks[0], blocks[2], atol=1e-12)


def test_the_seed_decides():
    label, score, _ = example("binary")
    one, again, other = (bootstrap_intervals("binary", label, score, seed=seed)["roc_auc"] for seed in (1, 1, 2))
    assert one == again != other


def test_the_interval_of_a_share_is_that_of_the_binomial_distribution():
    # 600 of 800 are right: 0.75 with a standard error of sqrt(0.75 x 0.25 / 800), 1.96 of which are on either side.
    label = np.ones(800)
    score = np.where(np.arange(800) < 600, 0.9, 0.1)
    low, high = bootstrap_intervals("binary", label, score)["accuracy"]
    half = 1.96 * math.sqrt(0.75 * 0.25 / 800)
    assert (low, high) == pytest.approx((0.75 - half, 0.75 + half), abs=0.003)


def test_what_is_undefined_has_no_interval():
    intervals = bootstrap_intervals("binary", np.ones(5), np.linspace(0, 1, 5), samples=SAMPLES)
    assert np.isnan(intervals["roc_auc"]).all()
    assert np.isfinite(intervals["accuracy"]).all()
    difference = paired_differences("binary", np.ones(5), np.linspace(0, 1, 5), np.linspace(1, 0, 5), samples=SAMPLES)[
        "roc_auc"
    ]
    assert np.isnan(difference).all()


@pytest.mark.parametrize("task", TASKS)
def test_no_pairs(task):
    score = np.zeros((0, 2)) if task == "multiclass" else np.zeros(0)
    intervals = bootstrap_intervals(task, np.zeros(0), score, group=np.zeros(0, np.int64), samples=SAMPLES)
    headline, *_ = intervals.values()
    assert np.isnan(headline).all()


@pytest.mark.parametrize("task", TASKS)
def test_a_model_equals_itself(task):
    label, score, group = example(task)
    for difference in paired_differences(task, label, score, score, group=group, samples=SAMPLES).values():
        assert difference == (0, 0, 0, 1)


def test_a_sure_difference_has_the_smallest_p_value():
    # Always right against always wrong: no resample has the other sign, and the data counts as one more resample.
    label = np.arange(50) % 2
    better, worse = 0.2 + 0.6 * label, 0.8 - 0.6 * label
    assert paired_differences("binary", label, better, worse)["accuracy"] == (1, 1, 1, 2 / 1001)
    assert paired_differences("binary", label, worse, better)["accuracy"] == (-1, -1, -1, 2 / 1001)


def test_pairing_makes_a_small_difference_sure():
    # The models differ only on 20 of 1000 pairs, where a is right: only the difference has a narrow interval.
    random = np.random.default_rng(1)
    right = random.random(1000) < 0.7
    a, b = right.copy(), right.copy()
    a[:20], b[:20] = True, False
    label = np.ones(1000)
    low, high = bootstrap_intervals("binary", label, a)["accuracy"]
    difference = paired_differences("binary", label, a, b)["accuracy"]
    assert low < b.mean() < high
    assert 0 < difference.low < difference.high < 0.04
    assert difference.p_value < 0.01
