"""The progress of training, which a checkpoint saves with weights and optimizer state; and when to save it."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import Any

from pairlens.config.schema import Config
from pairlens.metrics import higher_is_better

_LARGEST_SHARE = 0.02  # of the time that may be spent on checkpoints


@dataclass(slots=True)
class Progress:
    """Counts of what is done. With the seed, they determine everything random in the remaining training.

    Attributes:
        epoch: number of completed epochs, each evaluated.
        step: number of batches in total.
        batch, pairs, loss_sum, seconds: batches, pairs, sum of the pairs' losses and time in the current epoch.
        best, best_epoch: the best value of the decisive metric, and its epoch; 0 before the first evaluation.
        gained, gained_epoch: the last value that was better than the previous such one by more than `min_delta`, and
            its epoch, from which the patience of early stopping counts.
        evaluations: the lines of metrics.jsonl.
    """

    epoch: int = 0
    step: int = 0
    batch: int = 0
    pairs: int = 0
    loss_sum: float = 0.0
    seconds: float = 0.0
    best: float | None = None
    best_epoch: int = 0
    gained: float | None = None
    gained_epoch: int = 0
    evaluations: list[dict[str, Any]] = field(default_factory=list)

    def add_batch(self, pairs: int, loss: float) -> None:
        self.step += 1
        self.batch += 1
        self.pairs += pairs
        self.loss_sum += loss * pairs

    @property
    def loss(self) -> float:
        """The mean loss of the pairs of the current epoch so far."""
        return self.loss_sum / self.pairs

    @property
    def pairs_per_second(self) -> float:
        """The speed in the current epoch so far."""
        return self.pairs / self.seconds

    def end_epoch(self) -> None:
        self.epoch += 1
        self.batch, self.pairs, self.loss_sum, self.seconds = 0, 0, 0.0, 0.0

    def is_done(self, config: Config) -> bool:
        """Whether the last epoch is over, or the patience of early stopping."""
        stopping = config.training.early_stopping
        waited = self.epoch - self.gained_epoch
        out_of_patience = stopping is not None and waited >= max(stopping.patience, 1)  # counted as in Keras
        return self.epoch >= config.training.epochs or out_of_patience

    def evaluated(self, value: float | None, config: Config) -> bool:
        """Record the decisive metric of the epoch that has ended; return whether its weights are the best so far.

        NaN is never a gain, but in the first epoch its weights are still the best so far. Without a dev split (None),
        every epoch is a gain.
        """
        stopping = config.training.early_stopping
        best = self.best_epoch == 0 or _gain(value, self.best, config) > 0.0
        if best:
            self.best, self.best_epoch = value, self.epoch
        if _gain(value, self.gained, config) > (stopping.min_delta if stopping else 0.0):
            self.gained, self.gained_epoch = value, self.epoch
        return best


def _gain(value: float | None, before: float | None, config: Config) -> float:
    """By how much a value is better than the one before; either may be NaN, and `before` None if there is none."""
    if value is None or (not math.isnan(value) and (before is None or math.isnan(before))):
        return math.inf
    if before is None or math.isnan(value):
        return -math.inf
    return value - before if higher_is_better(config.decisive_metric) else before - value


class Pace:
    """Decides when a checkpoint is due: every N minutes or steps, as configured.

    The minutes are lengthened if checkpoints would take more than 2 % of the time; the steps are not.
    """

    def __init__(self, config: Config) -> None:
        self._wanted = config.training.checkpoint
        self._interval = 60.0 * self._wanted.every_minutes
        self._last = time.perf_counter()

    def is_due(self, step: int) -> bool:
        every = self._wanted.every_steps
        return time.perf_counter() - self._last >= self._interval or (every is not None and step % every == 0)

    def saved(self, seconds: float) -> None:
        """A checkpoint was just written, which took `seconds`."""
        self._last = time.perf_counter()
        self._interval = max(60.0 * self._wanted.every_minutes, seconds * (1.0 / _LARGEST_SHARE - 1.0))
