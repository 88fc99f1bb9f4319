"""Metrics of real-valued labels against hand-derived numbers and SciPy."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
import sklearn.metrics

from pairlens.metrics import evaluate_scores


def regression_metrics(label, score):
    return evaluate_scores("regression", label, score)


def test_by_hand():
    # Deviations (-1, 0, 1) and (-3, 1, 2): r = 5 / sqrt(2 x 14). Both orders are the same: rho = 1.
    # Errors (-1, 2, 2): mse = (1 + 4 + 4) / 3.
    found = regression_metrics(np.array([1, 2, 3]), np.array([0, 4, 5]))
    assert found == pytest.approx({"pearson": 5 / math.sqrt(28), "spearman": 1, "mse": 3}, abs=1e-12)


@pytest.mark.parametrize("levels", [3, 10, 10**6])
@pytest.mark.parametrize("seed", range(5))
def test_equal_to_scipy(seed, levels):
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


def test_equal_scores_share_a_rank():
    # Ranks (1, 2.5, 2.5, 4) and (1, 2, 3, 4).
    # Deviations (-1.5, 0, 0, 1.5) and (-1.5, -0.5, 0.5, 1.5): rho = 4.5 / sqrt(4.5 x 5).
    found = regression_metrics(np.array([1, 2, 2, 3]), np.array([1, 2, 3, 4]))
    assert found["spearman"] == pytest.approx(4.5 / math.sqrt(4.5 * 5), abs=1e-12)


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
    assert all(math.isnan(x) for x in regression_metrics(np.array([]), np.array([])).values())
