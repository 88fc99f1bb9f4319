"""The error for a training whose numbers are no longer finite."""

from __future__ import annotations

from pairlens.errors import DivergedError
from pairlens.runs.progress import Progress
from pairlens.runs.run import Run


def diverged(what: str, run: Run, progress: Progress, step: int, learning_rate: float) -> DivergedError:
    """Return the error for `what`, found in this step of the current epoch."""
    kept = f"keeps the best weights, of epoch {progress.best_epoch}" if progress.best_epoch else "has no weights yet"
    return DivergedError(
        f"{what} in epoch {progress.epoch + 1}, step {step}, at learning rate {learning_rate:g}; "
        f"{run.path} {kept}. --resume would fail here again: start over with --force and a lower "
        "training.optimizer.learning_rate, or training.optimizer.clipnorm=1.0, or training.schedule.warmup=0.1"
    )
