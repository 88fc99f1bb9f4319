"""The learning rate schedule."""

from __future__ import annotations

import math

from pairlens.config.training import TrainingConfig


def learning_rate(training: TrainingConfig, epochs_done: float, step: float) -> float:
    """The learning rate of a step that starts after `epochs_done` epochs and is `step` epochs long."""
    done = epochs_done / training.epochs
    decay = {"constant": 1.0, "linear": 1.0 - done, "cosine": 0.5 + 0.5 * math.cos(math.pi * done)}
    warmup = training.schedule.warmup * training.epochs
    rise = min(1.0, (epochs_done + step) / warmup) if warmup else 1.0
    return training.optimizer.learning_rate * rise * decay[training.schedule.name]
