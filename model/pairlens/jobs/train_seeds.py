"""Trains the seeds of a training as the tasks of a cluster."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from pairlens.config.schema import Config
from pairlens.jobs.cluster import run as cluster
from pairlens.jobs.training import Listener, Metrics, Training
from pairlens.kernels.threads import processors, use_processors
from pairlens.scoring.warm_up import warm_up
from pairlens.training.events import Callback, Evaluation, Event
from pairlens.training.negatives import pairs_read


def train_on_cluster(
    training: Training,
    kind: str,
    workers: int | None,
    retries: int,
    listener: Listener,
    shown: cluster.Listener,
    stop: Callable[[], bool] = lambda: False,
) -> list[Metrics] | None:
    """Train every run that is not finished, several at the same time, each with as many processors as it has alone.

    The weights are those of `Training.train`, to the bit, on machines of the same kind.

    Args:
        kind, workers, retries: the cluster, as for `run_work`.
        listener: is told of the runs when all are finished.
        shown: is told how far they are.

    Returns:
        the dev metrics of each run's best weights; None if `stop` returned True: then every run is saved.

    Raises:
        PairlensError, and others: as `run_work` and `Training.train` do.
    """
    work = SeedWork(training, processors(), Path.cwd())
    if not cluster.run_work(work, training.seeds, kind, workers, retries, shown, "seed", processors(), stop):
        return None
    return training.finished(listener)


@dataclass(frozen=True)
class SeedWork:
    """Task N trains the run of seed N. It can be pickled, with the data.

    Attributes:
        processors: how many a training uses.
        directory: where relative paths begin.
    """

    training: Training
    processors: int
    directory: Path

    def prepare(self) -> Callable[[int], int]:
        os.chdir(self.directory)
        use_processors(self.processors)
        warm_up(self.training.config)
        return self._train

    def _train(self, seed: int) -> int:
        """Train a run; return the number of pairs in the epochs that were trained now. SIGTERM ends it, saved."""
        counter = _EpochCounter()
        with stopped_by_sigterm() as stop:
            metrics = self.training.in_worker(seed).train_seed(seed, counter, stop)
        if metrics is None:
            sys.exit(128 + signal.SIGTERM)
        return counter.epochs * pairs_read(self.training.config, self.training.data.train)


class _EpochCounter(Listener):
    """Counts the epochs of a training."""

    epochs = 0

    def fitting(self, config: Config) -> AbstractContextManager[Callback]:  # noqa: ARG002
        def listen(event: Event) -> None:
            self.epochs += isinstance(event, Evaluation)

        return nullcontext(listen)


@contextmanager
def stopped_by_sigterm() -> Iterator[Callable[[], bool]]:
    """Yield a function that says whether SIGTERM has come within the block."""
    signals: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        signals.append(number)

    before = signal.signal(signal.SIGTERM, note)
    try:
        yield lambda: bool(signals)
    finally:
        signal.signal(signal.SIGTERM, before)
