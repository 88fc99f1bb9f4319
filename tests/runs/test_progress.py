"""Which weights are kept, and when early stopping ends a training."""

from __future__ import annotations

import math

from small_runs import make_config

from pairlens.config.schema import Config
from pairlens.runs.progress import Progress

NAN = math.nan


def config_of(metric: str, **stopping: float) -> Config:
    return make_config(training={"epochs": 9, "early_stopping": {"metric": metric, "patience": 2, **stopping}})


def course(config: Config, values: list[float]) -> tuple[list[int], int]:
    """Return the epochs that were the best so far, and the last epoch."""
    progress, best = Progress(), []
    for value in values:
        progress.end_epoch()
        if progress.evaluated(value, config):
            best.append(progress.epoch)
        if progress.is_done(config):
            break
    return best, progress.epoch


def test_min_delta_says_when_to_stop_and_not_which_weights_are_best() -> None:
    values = [0.5, 0.54, 0.58, 0.62, 0.63, 0.64, 0.65]
    # After .5, .62 is the first gain of more than .1; patience ends two epochs later. Each was the best so far.
    assert course(config_of("f1", min_delta=0.1), values) == ([1, 2, 3], 3)
    assert course(config_of("f1", min_delta=0.07), values) == ([1, 2, 3, 4, 5], 5)
    assert course(config_of("f1"), values) == ([1, 2, 3, 4, 5, 6, 7], 7)


def test_a_loss_gains_by_falling() -> None:
    assert course(config_of("log_loss"), [0.5, 0.6, 0.4, 0.4, 0.4, 0.4]) == ([1, 3], 5)


def test_nan_is_no_gain_and_any_number_is_better() -> None:
    assert course(config_of("roc_auc"), [NAN] * 5) == ([1], 2)
    assert course(config_of("roc_auc"), [NAN, 0.3, NAN, NAN, 0.9]) == ([1, 2], 4)
    assert course(config_of("log_loss"), [0.5, NAN, 0.4, NAN, NAN]) == ([1, 3], 5)
