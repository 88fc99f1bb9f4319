"""Trains runs, each from where it was interrupted."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from pairlens.config.schema import Config
from pairlens.jobs.resume_check import finished_metrics, refuse_changes
from pairlens.jobs.seed_runs import SeedRuns
from pairlens.jobs.train_data import Data
from pairlens.runs.curves import write_curves
from pairlens.runs.environment import what_affects_rounding
from pairlens.runs.names import staging
from pairlens.runs.progress import Progress
from pairlens.runs.run import Run
from pairlens.runs.staging import StagedRun, locked_run
from pairlens.training.events import Began, Callback, Event, Finished

Metrics = dict[str, float]


class Listener:
    """Callbacks of a running training. These methods do nothing; override the ones you need."""

    def begins(self, run: Run) -> None:
        """A new run is started, as there is none to resume."""

    def finished_before(self, run: Run) -> None:
        """The run to resume is already finished."""

    def loading(self, library: str) -> AbstractContextManager[None]:  # noqa: ARG002
        """Return a context within which a large library is loaded, which takes a while and may write to stderr."""
        return nullcontext()

    def fitting(self, config: Config) -> AbstractContextManager[Callback]:  # noqa: ARG002
        """Return a context within which a network is trained; its value is called with each event."""
        return nullcontext(lambda _: None)

    def warns(self, message: str) -> None:
        """Something went wrong, but training continues."""

    def stopped(self, progress: Progress) -> None:
        """Training stopped on request; everything is saved."""

    def wrote(self, run: Run, metrics: Metrics) -> None:
        """A run is finished; `metrics` are the dev metrics of its best weights, empty without a dev split."""


class Training:
    """Trains runs whose data are read; `TrainJob.read` makes it.

    Attributes:
        config: the config, with the number of classes taken from the labels.
        seeds, runs: what to train, by ascending seed.
        data: the data without the test split, which is only checked.
        remarks: warnings about the data.
        callbacks: are called with each event of each training, in this order; for a cluster they must be picklable.
    """

    def __init__(
        self,
        places: SeedRuns,
        config: Config,
        data: Data,
        remarks: Sequence[str],
        environment: dict[str, Any],
        callbacks: Sequence[Callback] = (),
    ) -> None:
        self._places, self._environment = places, environment
        self.config, self.data, self.remarks, self.callbacks = config, data, remarks, callbacks
        self.seeds, self.runs = places.seeds, places.runs

    def train(self, listener: Listener | None = None, stop: Callable[[], bool] = lambda: False) -> list[Metrics] | None:
        """Train every run that is not finished.

        Returns:
            the dev metrics of each run's best weights; None if `stop`, which is called after every step, returned True.

        Raises:
            UsageError: another process is training there.
            PairlensError: as `Trainer.fit` does.
        """
        listener = listener or Listener()
        metrics = []
        for seed in self.seeds:
            its_metrics = self.train_seed(seed, listener, stop)
            if its_metrics is None:
                return None
            metrics.append(its_metrics)
        return metrics

    def train_seed(self, seed: int, listener: Listener, stop: Callable[[], bool]) -> Metrics | None:
        """Train the run of one seed, unless it is finished; returns its dev metrics, and raises, as `train` does."""
        run = self._places.of(seed)
        with locked_run(run, begins=not self._places.is_resumed(run)):
            return self._train(run, self.config.with_seed(seed), listener, stop)

    def in_worker(self, seed: int) -> Training:
        """This training, as it is for a process that trains one seed, perhaps after another one that died doing so.

        What this training has begun is continued; what was there before it is resumed or replaced as it was to be.

        Raises:
            RunError: a run to resume began with another config, data or versions, or on another kind of machine.
        """
        places, environment = self._places, self._environment | what_affects_rounding()
        if not places.replaces or self._has_begun(places.of(seed)):
            places = places.resuming()
        if places.is_resumed(run := places.of(seed)):
            refuse_changes(run, self.config.with_seed(seed), environment)
        return Training(places, self.config, self.data, self.remarks, environment, self.callbacks)

    def finished(self, listener: Listener) -> list[Metrics]:
        """Tell the listener of every run, all of which workers have finished, and return their dev metrics."""
        places, found = self._places.resuming(), []
        for seed in self.seeds:
            metrics = finished_metrics(places.of(seed), self.config.with_seed(seed))
            assert metrics is not None
            listener.wrote(places.of(seed), metrics)
            found.append(metrics)
        return found

    def _has_begun(self, run: Run) -> bool:
        """Whether this training has created a run that replaces another."""
        place = run.place if isinstance(run, StagedRun) else run.folder
        began = [Run(path).environment() for path in (place, staging(place))]
        return any(all(one.get(key) == self._environment[key] for key in ("created", "command")) for one in began)

    def summary(self, metrics: Sequence[Metrics]) -> dict[str, Any]:
        """Return the runs, and mean and sample standard deviation of their dev metrics; there must be two or more.

        Both are nan for a metric that is undefined in one of the runs.
        """
        values = {name: [one[name] for one in metrics] for name in metrics[0]}
        return {
            "runs": [str(run.place if isinstance(run, StagedRun) else run.path) for run in self.runs],
            "dev": {
                name: {"mean": statistics.fmean(numbers), "deviation": _deviation(numbers)}
                for name, numbers in values.items()
            },
        }

    def _train(self, run: Run, config: Config, listener: Listener, stop: Callable[[], bool]) -> Metrics | None:
        """Train one run, unless it is finished. The caller holds its lock."""
        if not self._places.is_resumed(run):
            if self._places.resumes:
                listener.begins(run)
            if isinstance(run, StagedRun):
                run.begin()
            Run.create(run.folder, config, self._environment, self._places.replaces, self.data.carried)
        elif (finished := finished_metrics(run, config)) is not None:
            listener.finished_before(run)
            self._tell_again(run, config, finished)
            return finished
        run.remove_partial_files()
        with listener.loading("TensorFlow"):
            from pairlens.training.trainer import Trainer

            trainer = Trainer(config, run, self.data.pretrained, self.data.vocabulary, self.data.vectors)
        if trainer.warning:
            listener.warns(f"{trainer.warning}; continuing from the checkpoint before it")
        try:
            with listener.fitting(config) as listen:
                callbacks = [listen, *self.callbacks]

                def tell(event: Event) -> None:
                    for callback in callbacks:
                        callback(event)

                train, dev = self.data.train, self.data.dev
                tell(Began(run.folder, config, trainer.progress.step, train, dev))
                metrics = trainer.fit(train, dev, tell, stop)
                if metrics is not None:
                    tell(Finished(run.folder, metrics))
        finally:
            _draw_curves(run, listener)
        if metrics is None:
            listener.stopped(trainer.progress)
        else:
            listener.wrote(run, metrics)
        return metrics

    def _tell_again(self, run: Run, config: Config, metrics: Metrics) -> None:
        """Tell the callbacks of a finished run: the process that trained it may have ended before they knew."""
        if self.callbacks and (checkpoint := run.checkpoint()):
            began = Began(run.folder, config, checkpoint.progress.step, self.data.train, self.data.dev)
            for event in (began, Finished(run.folder, metrics)):
                for callback in self.callbacks:
                    callback(event)


def _deviation(numbers: Sequence[float]) -> float:
    return math.nan if any(map(math.isnan, numbers)) else statistics.stdev(numbers)


def _draw_curves(run: Run, listener: Listener) -> None:
    """Draw the curves, however training ended; if that fails, only warn."""
    try:
        with listener.loading("matplotlib"):
            write_curves(run)
    except Exception as error:
        listener.warns(f"{run.path}: the learning curves could not be drawn ({error})")
