"""Trains the config of one trial, watched epoch by epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol

from pairlens.config.schema import Config
from pairlens.jobs.train_job import TrainJob
from pairlens.jobs.training import Listener, Metrics
from pairlens.training.events import Callback, Evaluation, Event
from pairlens.training.negatives import pairs_read

Report = Callable[[int, float], None]  # is told the epoch and its decisive metric on dev
Stop = Callable[[], bool]


class Trained(NamedTuple):
    """The dev metrics of the best weights, None if the training was stopped; and how many pairs were read."""

    metrics: Metrics | None
    pairs: int


class Train(Protocol):
    """Trains a config into a run directory, and stops when `stop` returns True."""

    def __call__(
        self, config: Config, run: Path, command: Sequence[str], shown: Listener, report: Report, stop: Stop
    ) -> Trained:
        """Train.

        Raises:
            UsageError: the config cannot be trained.
            DivergedError: its numbers did not stay finite.
        """


def train_run(
    config: Config, run: Path, command: Sequence[str], shown: Listener, report: Report, stop: Stop
) -> Trained:
    """Train as `pairlens train` does. Of dev and test, only dev is read."""
    training = TrainJob(config, run).read(command, later=("dev",))
    watched = _Watched(shown, report)
    metrics = training.train(watched, stop)
    pairs = watched.epochs * pairs_read(training.config, training.data.train)
    return Trained(None if metrics is None else metrics[0], pairs)


class _Watched(Listener):
    """Reports each epoch of a training; `shown` is told of its steps, and of libraries that are loaded."""

    epochs = 0

    def __init__(self, shown: Listener, report: Report) -> None:
        self._shown, self._report = shown, report

    def loading(self, library: str) -> AbstractContextManager[None]:
        return self._shown.loading(library)

    def warns(self, message: str) -> None:
        self._shown.warns(message)

    @contextmanager
    def fitting(self, config: Config) -> Iterator[Callback]:
        def listen(event: Event) -> None:
            show(event)
            if isinstance(event, Evaluation):
                self.epochs += 1
                self._report(event.epoch, event.dev[config.decisive_metric])

        with self._shown.fitting(config) as show:
            yield listen
