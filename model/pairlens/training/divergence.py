"""What is said when training has come to numbers that are not finite."""

from __future__ import annotations

from pairlens.errors import PairlensError
from pairlens.runs.progress import Progress
from pairlens.runs.run import Run


def diverged(what: str, run: Run, progress: Progress, step: int, learning_rate: float) -> PairlensError:
    """The error for `what`, seen in this step of the epoch under way."""
    kept = f"keeps the best weights, of epoch {progress.best_epoch}" if progress.best_epoch else "has no weights yet"
    return PairlensError(
        f"{what} in epoch {progress.epoch + 1}, step {step}, at learning rate {learning_rate:g}; "
        f"{run.path} {kept}. Going on would end here again: begin anew with --force and a lower "
        "training.optimizer.learning_rate, or training.optimizer.clipnorm=1.0, or training.schedule.warmup=0.1"
    )
