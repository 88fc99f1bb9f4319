"""Where training stands: with the weights and the optimizer's state all that continuing needs; and when to save it."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import Any

from pairlens.config.schema import Config
from pairlens.metrics import higher_is_better

_LARGEST_SHARE = 0.02  # of the time may go into checkpoints


@dataclass(slots=True)
class Progress:
    """Counts of what is done; everything random in what is left follows from them and the seed.

    Attributes:
        epoch: whole epochs, each evaluated.
        step: batches in all, of which `batch` in the epoch under way, where they hold `pairs` pairs, whose losses make
            `loss_sum`, and took so many `seconds`.
        best, best_epoch: the best value of the metric that decides, and its epoch; 0 before the first evaluation.
        gained, gained_epoch: the last value that was better by more than `min_delta` than the one before it, and its
            epoch, from which early stopping's patience counts.
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
        """The mean over the pairs of the epoch so far."""
        return self.loss_sum / self.pairs

    @property
    def pairs_per_second(self) -> float:
        """Of the epoch so far."""
        return self.pairs / self.seconds

    def end_epoch(self) -> None:
        self.epoch += 1
        self.batch, self.pairs, self.loss_sum, self.seconds = 0, 0, 0.0, 0.0

    def is_done(self, config: Config) -> bool:
        """The last epoch is over, or early stopping's patience."""
        stopping = config.training.early_stopping
        waited = self.epoch - self.gained_epoch
        out_of_patience = stopping is not None and waited >= max(stopping.patience, 1)  # as Keras counts
        return self.epoch >= config.training.epochs or out_of_patience

    def evaluated(self, value: float | None, config: Config) -> bool:
        """Note what the metric that decides says of the epoch that has ended; whether its weights are the best so far.

        NaN is better than nothing and no gain: the first weights are kept, and patience counts. Without dev split,
        None, every epoch is a gain.
        """
        stopping = config.training.early_stopping
        best = self.best_epoch == 0 or _gain(value, self.best, config) > 0.0
        if best:
            self.best, self.best_epoch = value, self.epoch
        if _gain(value, self.gained, config) > (stopping.min_delta if stopping else 0.0):
            self.gained, self.gained_epoch = value, self.epoch
        return best


def _gain(value: float | None, before: float | None, config: Config) -> float:
    """By how much a value is better than the one before, which may be undefined or not be there."""
    if value is None or (not math.isnan(value) and (before is None or math.isnan(before))):
        return math.inf
    if before is None or math.isnan(value):
        return -math.inf
    return value - before if higher_is_better(config.decisive_metric) else before - value


class Pace:
    """When a checkpoint is due: every so many minutes or steps, as the config says.

    The minutes are stretched where checkpoints would take more than 2 % of the time; the steps are taken at their word.
    """

    def __init__(self, config: Config) -> None:
        self._wanted = config.training.checkpoint
        self._interval = 60.0 * self._wanted.every_minutes
        self._last = time.perf_counter()

    def is_due(self, step: int) -> bool:
        every = self._wanted.every_steps
        return time.perf_counter() - self._last >= self._interval or (every is not None and step % every == 0)

    def saved(self, seconds: float) -> None:
        """A checkpoint was written just now, and took so long."""
        self._last = time.perf_counter()
        self._interval = max(60.0 * self._wanted.every_minutes, seconds * (1.0 / _LARGEST_SHARE - 1.0))
