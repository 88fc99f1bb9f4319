"""Confidence intervals of metrics: percentile bootstrap (Efron 1979) over pairs, or for ranking over groups.

A resample draws as many units as there are, with replacement. It is represented by the count of each unit, so that
metrics sort their pairs once and only weight them afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairlens.metrics import TaskMetrics, Threshold, task_metrics
from pairlens.metrics.arrays import Floats
from pairlens.metrics.retrieval import RetrievalMetrics

Metrics = TaskMetrics | RetrievalMetrics

_BLOCK = 2**15  # counts processed at once, few enough for the processor's cache


class Difference(NamedTuple):
    """The difference of a metric between two models on the same pairs, its 95 % interval and p-value."""

    difference: float
    low: float
    high: float
    p_value: float


def bootstrap_intervals(
    task: str,
    label: NDArray[Any],
    score: NDArray[Any],
    threshold: float | Threshold = 0.5,
    group: NDArray[np.int64] | None = None,
    samples: int = 1000,
    seed: int = 1,
) -> dict[str, tuple[float, float]]:
    """The 95 % interval of every metric, by name: the 2.5th and 97.5th percentile over `samples` resamples.

    Resamples for which a metric is undefined are left out; if all are, its interval is (nan, nan). The other arguments
    and the errors are those of `evaluate_scores`.
    """
    return intervals_of(task_metrics(task, label, score, threshold, group), samples, seed)


def intervals_of(metrics: Metrics, samples: int = 1000, seed: int = 1) -> dict[str, tuple[float, float]]:
    """The intervals of `bootstrap_intervals`, for metrics as `task_metrics` returns them."""
    (values,) = _resampled([metrics], samples, seed)
    return {name: _interval(value) for name, value in values.items()}


def paired_differences(
    task: str,
    label: NDArray[Any],
    score_a: NDArray[Any],
    score_b: NDArray[Any],
    threshold_a: float | Threshold = 0.5,
    threshold_b: float | Threshold = 0.5,
    group: NDArray[np.int64] | None = None,
    samples: int = 1000,
    seed: int = 1,
) -> dict[str, Difference]:
    """The difference of every metric, model a minus model b, by name; both are measured on the same resamples.

    The p-value is two-sided: twice the share of resamples whose difference is zero or of the other sign, at most 1. The
    data itself counts as one more such resample, so that no p-value is 0 (Davison and Hinkley 1997, 4.2.3).
    """
    models = [
        task_metrics(task, label, score, threshold, group)
        for score, threshold in ((score_a, threshold_a), (score_b, threshold_b))
    ]
    a, b = (model(np.ones((1, model.units))) for model in models)
    resampled_a, resampled_b = _resampled(models, samples, seed)
    return {
        name: _difference(float(a[name][0] - b[name][0]), resampled_a[name] - resampled_b[name]) for name in resampled_a
    }


def _resampled(models: Sequence[Metrics], samples: int, seed: int) -> list[dict[str, Floats]]:
    """The metrics, each [samples], of every model on the same resamples."""
    blocks = [[model(weight) for model in models] for weight in _resamples(models[0].units, samples, seed)]
    return [
        {name: np.concatenate([block[name] for block in of_model]) for name in of_model[0]}
        for of_model in zip(*blocks, strict=True)
    ]


def _resamples(units: int, samples: int, seed: int) -> Iterator[Floats]:
    """Yield blocks [R, units] of how often each unit is drawn; the draws do not depend on the block size."""
    random = np.random.default_rng(seed)
    size = max(1, _BLOCK // max(units, 1))
    for start in range(0, samples, size):
        rows = range(start, min(start + size, samples))
        drawn = [np.bincount(random.integers(max(units, 1), size=units), minlength=units) for _ in rows]
        yield np.array(drawn, dtype=np.float64)


def _interval(values: Floats) -> tuple[float, float]:
    defined = values[~np.isnan(values)]
    if not defined.size:
        return np.nan, np.nan
    low, high = np.percentile(defined, (2.5, 97.5))
    return float(low), float(high)


def _difference(difference: float, resampled: Floats) -> Difference:
    defined = resampled[~np.isnan(resampled)]
    if not defined.size:
        return Difference(difference, np.nan, np.nan, np.nan)
    other_side = min(np.count_nonzero(defined <= 0), np.count_nonzero(defined >= 0))
    p_value = min(1.0, 2 * (other_side + 1) / (defined.size + 1))
    return Difference(difference, *_interval(resampled), p_value)
