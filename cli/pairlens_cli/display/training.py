"""What `train` shows: the current epoch as a live line, each evaluated epoch as a permanent one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pairlens.config.schema import Config
from pairlens.jobs.training import Listener, Metrics
from pairlens.runs.progress import Progress
from pairlens.runs.run import Run
from pairlens.training.events import Callback, Evaluation, Event, Step
from pairlens_cli import output
from pairlens_cli.display.signals import resuming_command

if TYPE_CHECKING:
    from pairlens.jobs.bucket_run import BucketRun


class TrainingDisplay(Listener):
    """Shows a training on stderr.

    Args:
        bucket: where to upload each run when it is finished.
    """

    def __init__(self, bucket: BucketRun | None = None) -> None:
        self._bucket = bucket

    def begins(self, run: Run) -> None:
        output.say(f"{run.path}: no run to resume; starting a new one")

    def finished_before(self, run: Run) -> None:
        output.say(f"{run.path}: already finished; nothing to train")

    @contextmanager
    def loading(self, library: str) -> Iterator[None]:
        if library == "TensorFlow":
            output.hint("Loading TensorFlow")
        with output.silent_libraries():
            yield

    @contextmanager
    def fitting(self, config: Config) -> Iterator[Callback]:
        with output.progress("{task.description}", "bar", "{task.fields[facts]}") as live:
            bar = live.add_task("starting", total=None, facts="") if live else None

            def listen(event: Event) -> None:
                if isinstance(event, Evaluation):
                    output.say(_describe(event, config.decisive_metric), live)
                elif isinstance(event, Step) and live and bar is not None:
                    facts = f"loss {event.loss:.4f}  {event.pairs_per_second:,.0f} pairs/s"
                    description = f"epoch {event.epoch}/{event.epochs}"
                    live.update(bar, completed=event.step, total=event.steps, description=description, facts=facts)

            yield listen

    def warns(self, message: str) -> None:
        output.warn(message)

    def stopped(self, progress: Progress) -> None:
        where = f"epoch {progress.epoch + 1} after step {progress.batch}"
        how = "" if self._bucket else f". Continue with: {resuming_command(sys.argv[1:])}"
        output.warn(f"interrupted in {where}; everything is saved{how}")

    def wrote(self, run: Run, metrics: Metrics) -> None:
        name = run.config().decisive_metric
        dev = f"  dev {name} {metrics[name]:.4f}" if metrics else ""
        place = self._bucket.upload(run.folder) if self._bucket else run.path
        output.say(f"Wrote {place}{dev}")
        if metrics:
            output.say(f"Next: pairlens evaluate {place}")


def _describe(evaluation: Evaluation, metric: str) -> str:
    """One line: the decisive metric and one more; metrics.jsonl has them all."""
    names = list(dict.fromkeys([metric, *reversed(evaluation.dev)]))[:2] if evaluation.dev else []
    dev = "".join(f"  {name} {evaluation.dev[name]:.4f}" for name in names)
    speed = f"{evaluation.pairs_per_second:,.0f} pairs/s"
    return f"epoch {evaluation.epoch:>3}  loss {evaluation.loss:.4f}{dev}  {speed}{'  best' if evaluation.best else ''}"
