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
        waited = self.epoch - self.best_epoch
        out_of_patience = stopping is not None and waited >= max(stopping.patience, 1)  # as Keras counts
        return self.epoch >= config.training.epochs or out_of_patience

    def improves(self, value: float, config: Config) -> bool:
        """Whether a value of the metric that decides is better than the best so far."""
        if self.best is None or math.isnan(self.best):
            return True
        stopping = config.training.early_stopping
        gain = value - self.best if higher_is_better(config.decisive_metric) else self.best - value
        return gain > (stopping.min_delta if stopping else 0.0)


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
