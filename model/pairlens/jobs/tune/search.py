"""A search, and how it does one trial."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import time

from pairlens.config.file import load_config
from pairlens.config.schema import Config
from pairlens.errors import DivergedError, UsageError
from pairlens.jobs import training
from pairlens.jobs.tune.fitting import reason
from pairlens.jobs.tune.folder import Folder
from pairlens.jobs.tune.space import Space, Value
from pairlens.jobs.tune.study import Attempt, Study
from pairlens.jobs.tune.trial import Stop, Train, train_run
from pairlens.metrics import higher_is_better
from pairlens.runs.json_files import without_nan
from pairlens.texts.splits import find_split

_MOST_DEATHS = 3  # of processes, after which a trial is not tried again


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

    def do(self, number: int, study: Study, shown: training.Listener, stop: Stop) -> int | None:
        """Do one trial, and keep its run only if it is the best so far.

        Returns:
            the number of pairs that it read; 0 if the deadline is over or every value is tried, None if `stop` returned
            True before its end.
        """
        attempt = None if self._is_late() else study.begin(number)
        if attempt is None:
            return 0
        pairs = self._train(attempt, shown, stop)
        self.remove_runs(study, {attempt.number, *(trial.attempt for trial in study.trials())})
        return pairs

    def config_of(self, values: dict[str, Value]) -> Config:
        """The config with a trial's values. Raises ConfigError if they contradict each other."""
        return load_config(self.folder.base, self.changes(values))

    def changes(self, values: dict[str, Value]) -> list[str]:
        return [parameter.change(values[parameter.key]) for parameter in self.space]

    def remove_runs(self, study: Study, attempts: set[int]) -> None:
        """Remove the runs of these attempts, which have ended, but for the best one so far."""
        best = study.best()
        self.folder.remove_runs(attempts - ({best.attempt} if best else set()))

    def _is_late(self) -> bool:
        return self.deadline is not None and time() >= self.deadline

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
            self._refuse_lost_data()
            attempt.refuse(reason(error, self.changes(attempt.values)))
            return 0
        if trained.metrics is not None:
            attempt.finish(trained.metrics[config.decisive_metric], without_nan(trained.metrics))
        elif pruned:
            attempt.prune()
        else:
            attempt.abandon()
            return None
        return trained.pairs

    def _refuse_lost_data(self) -> None:
        """Raises DataError if the data are no longer there, with which no trial can be trained."""
        find_split(self.config, "train")
        find_split(self.config, "dev")
