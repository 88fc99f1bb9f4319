"""Does the trials of a search one after the other in this process, or several at a time on a cluster."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pairlens.jobs import training
from pairlens.jobs.cluster import run as cluster
from pairlens.jobs.train_seeds import stopped_by_sigterm
from pairlens.jobs.tune.record import Trial
from pairlens.jobs.tune.search import Search
from pairlens.jobs.tune.study import Study
from pairlens.jobs.tune.trial import Stop
from pairlens.kernels.threads import use_processors
from pairlens.scoring.warm_up import warm_up


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

    def searching(self) -> AbstractContextManager[training.Listener]:
        """Return a context within which trials are trained one after the other; its value is told of their steps."""
        return nullcontext(training.Listener())

    def trained(self, trial: Trial, best: Trial | None) -> None:
        """A trial has ended; `best` is the best one so far."""


def run_search(search: Search, trials: int, chosen: Cluster | None, listener: Listener, stop: Stop) -> bool:
    """Do the trials up to this number that are not done yet.

    Args:
        chosen: None to train in this process, one trial after the other.

    Returns:
        whether the search is over; False if `stop` returned True before.

    Raises:
        PairlensError, and others: as `run_work` and `Training.train` do.
    """
    study = search.study()
    study.abandon_unfinished()
    search.remove_runs(study, search.folder.attempts())
    news = _News(study, listener)
    done = {trial.number for trial in study.trials()}
    left = [number for number in range(1, trials + 1) if number not in done]
    if chosen is None:
        return _run_here(search, left, study, news, listener, stop)

    def watch() -> bool:
        news.tell()
        return stop()

    work, kind, workers, retries = TrialWork(search, Path.cwd()), *chosen
    over = cluster.run_work(work, left, kind, workers, retries, listener, "trial", search.processors, watch)
    news.tell()
    return over


def _run_here(search: Search, left: Sequence[int], study: Study, news: _News, listener: Listener, stop: Stop) -> bool:
    with listener.searching() as shown:
        for number in left:
            if stop() or search.do(number, study, shown, stop) is None:
                return False
            news.tell()
    return True


class _News:
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
