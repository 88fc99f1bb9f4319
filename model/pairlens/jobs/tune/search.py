"""Does the trials of a search one after the other in this process, or several at a time on a cluster."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from time import time
from typing import NamedTuple

from pairlens.config.file import load_config
from pairlens.config.schema import Config
from pairlens.errors import DivergedError, UsageError
from pairlens.jobs import training
from pairlens.jobs.cluster import run as cluster
from pairlens.jobs.train_seeds import stopped_by_sigterm
from pairlens.jobs.tune.folder import Folder
from pairlens.jobs.tune.space import Space, Value
from pairlens.jobs.tune.study import Attempt, Study, Trial
from pairlens.jobs.tune.trial import Stop, Train, train_run
from pairlens.kernels.threads import use_processors
from pairlens.metrics import higher_is_better
from pairlens.runs.json_files import without_nan
from pairlens.scoring.warm_up import warm_up

_MOST_DEATHS = 3  # of processes, after which a trial is not tried again


class Cluster(NamedTuple):
    """The processes that train: as for `run_work`."""

    kind: str
    workers: int | None
    retries: int

    @property
    def is_elsewhere(self) -> bool:
        return self.kind not in ("local", "ray")


class Listener(cluster.Listener):
    """Callbacks of a search. These methods do nothing; override the ones you need."""

    def searching(self, trials: int) -> AbstractContextManager[training.Listener]:  # noqa: ARG002
        """Return a context within which trials are trained one after the other; its value is told of their steps."""
        return nullcontext(training.Listener())

    def trained(self, trial: Trial, best: Trial | None) -> None:
        """A trial has ended; `best` is the best one so far."""


@dataclass(frozen=True)
class Search:
    """A search in a directory that `Folder.begin` has prepared. It can be pickled.

    Attributes:
        config: the config that is searched, without the values of trials.
        own: its own values of keys of the space.
        command: the command line, to be recorded in the runs.
        processors: how many each training uses.
        deadline: the time, in seconds since the epoch, after which no trial begins; None for no limit.
        train: how a config is trained.
    """

    folder: Folder
    config: Config
    space: Space
    own: dict[str, Value]
    command: Sequence[str]
    processors: int
    deadline: float | None = None
    train: Train = train_run

    def study(self) -> Study:
        config, metric = self.config, self.config.decisive_metric
        seed, epochs = config.training.seed, config.training.epochs
        return Study(self.folder.journal, self.space, self.own, higher_is_better(metric), seed, epochs)

    def run(self, trials: int, chosen: Cluster | None, listener: Listener, stop: Stop) -> bool:
        """Do the trials up to this number that are not done yet.

        Returns:
            whether the search is over; False if `stop` returned True before.

        Raises:
            PairlensError, and others: as `run_work` and `Training.train` do.
        """
        study = self.study()
        study.abandon_unfinished()
        self._remove_runs(study, self.folder.attempts())
        news = News(study, listener)
        done = {trial.number for trial in study.trials()}
        left = [number for number in range(1, trials + 1) if number not in done]
        if chosen is None:
            return self._run_here(left, study, news, listener, stop)

        def watch() -> bool:
            news.tell()
            return stop()

        work, kind, workers, retries = TrialWork(self, Path.cwd()), *chosen
        over = cluster.run_work(work, left, kind, workers, retries, listener, "trial", self.processors, watch)
        news.tell()
        return over

    def do(self, number: int, study: Study, shown: training.Listener, stop: Stop) -> int | None:
        """Do one trial, and keep its run only if it is the best so far.

        Returns:
            the number of pairs that it read; 0 if the deadline is over, None if `stop` returned True before its end.
        """
        if self.is_late():
            return 0
        attempt = study.begin(number)
        pairs = self._train(attempt, shown, stop)
        self._remove_runs(study, {attempt.number, *(trial.attempt for trial in study.trials())})
        return pairs

    def is_late(self) -> bool:
        return self.deadline is not None and time() >= self.deadline

    def config_of(self, values: dict[str, Value]) -> Config:
        """The config with a trial's values. Raises ConfigError if they contradict each other."""
        return load_config(self.folder.base, self.changes(values))

    def changes(self, values: dict[str, Value]) -> list[str]:
        return [parameter.change(values[parameter.key]) for parameter in self.space]

    def _remove_runs(self, study: Study, attempts: set[int]) -> None:
        """Remove the runs of these attempts, which have ended, but for the best one so far."""
        best = study.best()
        self.folder.remove_runs(attempts - ({best.attempt} if best else set()))

    def _train(self, attempt: Attempt, shown: training.Listener, stop: Stop) -> int | None:
        if attempt.deaths >= _MOST_DEATHS:
            attempt.refuse(f"its process died {attempt.deaths} times, as it does when memory runs out")
            return 0
        pruned = False

        def report(epoch: int, value: float) -> None:
            nonlocal pruned
            pruned = attempt.report(epoch, value) and epoch < config.training.epochs

        run = self.folder.runs / str(attempt.number)
        try:
            config = self.config_of(attempt.values)
            trained = self.train(config, run, self.command, shown, report, lambda: pruned or stop())
        except DivergedError as error:
            attempt.refuse(str(error).partition("; ")[0])  # the rest says how to continue this run
            return 0
        except UsageError as error:
            attempt.refuse(str(error).splitlines()[0])
            return 0
        if trained.metrics is not None:
            attempt.finish(trained.metrics[config.decisive_metric], without_nan(trained.metrics))
        elif pruned:
            attempt.prune()
        else:
            attempt.abandon()
            return None
        return trained.pairs

    def _run_here(self, left: Sequence[int], study: Study, news: News, listener: Listener, stop: Stop) -> bool:
        with listener.searching(len(left)) as shown:
            for number in left:
                if stop() or self.do(number, study, shown, stop) is None:
                    return False
                news.tell()
        return True


class News:
    """Tells a listener of each trial that has ended since the last time."""

    def __init__(self, study: Study, listener: Listener) -> None:
        self._study, self._listener = study, listener
        self._told = {trial.number for trial in study.trials()}

    def tell(self) -> None:
        for trial in self._study.trials():
            if trial.number not in self._told:
                self._told.add(trial.number)
                self._listener.trained(trial, self._study.best())


@dataclass(frozen=True)
class TrialWork:
    """Task N does trial N. Its workers see the search's directory under the same path."""

    search: Search
    directory: Path  # where relative paths begin

    def prepare(self) -> Callable[[int], int]:
        os.chdir(self.directory)
        use_processors(self.search.processors)
        warm_up(self.search.config)
        study = self.search.study()

        def do(number: int) -> int:
            with stopped_by_sigterm() as stop:
                pairs = self.search.do(number, study, training.Listener(), stop)
            if pairs is None:
                sys.exit(128 + signal.SIGTERM)
            return pairs

        return do
