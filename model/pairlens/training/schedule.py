"""The learning rate's course over a training."""

from __future__ import annotations

import math

from pairlens.config.training import TrainingConfig


def learning_rate(training: TrainingConfig, epochs_done: float, step: float) -> float:
    """The rate of a step that is `step` epochs long, and begins after so many epochs."""
    done = epochs_done / training.epochs
    decay = {"constant": 1.0, "linear": 1.0 - done, "cosine": 0.5 + 0.5 * math.cos(math.pi * done)}
    warmup = training.schedule.warmup * training.epochs
    rise = min(1.0, (epochs_done + step) / warmup) if warmup else 1.0
    return training.optimizer.learning_rate * rise * decay[training.schedule.name]
