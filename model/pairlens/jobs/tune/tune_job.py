"""Checks what is to be searched, and prepares the search."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import time

from pairlens.config.file import config_loader, written_text
from pairlens.errors import DataError, UsageError
from pairlens.jobs.seed_runs import Existing
from pairlens.jobs.train_job import TrainJob
from pairlens.jobs.training import Training
from pairlens.jobs.tune.default_space import default_space
from pairlens.jobs.tune.fitting import own_values, refuse_unfit
from pairlens.jobs.tune.folder import Folder
from pairlens.jobs.tune.search import Search
from pairlens.jobs.tune.space import Space
from pairlens.jobs.tune.space_file import read_space
from pairlens.locations.location import Location
from pairlens.metrics.undefined import why_undefined
from pairlens.packages import need
from pairlens.runs.environment import checksums
from pairlens.runs.locks import locked
from pairlens.texts.splits import find_split


class TuneJob:
    """A search of a config's values in a directory.

    All checks are made here or by `read`, before anything is written.

    Raises:
        ConfigError: the config has a fault, or the space has a key or a value that the config does not take.
        UsageError: a package is not installed, there is no dev split, or something exists at the path that may be
            neither replaced nor resumed.
    """

    def __init__(
        self, config_file: Location, changes: Sequence[str], space: Location | None, path: Path, existing: Existing
    ) -> None:
        need("tune", "optuna", extra="tune")
        self._file, self._changes, self._existing = config_file, changes, existing
        self._load = config_loader(config_file, changes)
        self.config = self._load([])
        if self.config.data.dev is None:
            raise UsageError(f"{config_file}: data.dev: not set, but a search compares trials on dev; add a dev split")
        self._space = read_space(space) if space else None
        if self._space:
            refuse_unfit(self._space, self._load)
        self._folder = Folder(path)
        self._folder.refuse_existing(existing)
        self._train_job = TrainJob(self.config, self._folder.runs / "none")  # only reads; runs have numbers
        if self.config.data.test:
            find_split(self.config, "test")

    def read(self, at_once: int) -> Training:
        """Read the data of train and dev, and check those of test for faults, which no trial reads.

        Args:
            at_once: how many trials will be trained here at the same time.

        Raises:
            DataError: no trial can have a result, because the metric is undefined for the labels of dev.
            PairlensError: as `TrainJob.read` does.
        """
        training = self._train_job.read(at_once=at_once)
        assert training.data.dev
        assert training.data.dev.label is not None
        metric = self.config.decisive_metric
        if why := why_undefined(self.config.task, metric, training.data.dev.label):
            remedy = "choose another training.early_stopping.metric, or another dev split"
            raise DataError(f"{self.config.data.dev}: {why}, so {metric} is undefined and compares no trials; {remedy}")
        return training

    @contextmanager
    def begun(
        self, training: Training, command: Sequence[str], processors: int, minutes: float | None
    ) -> Iterator[Search]:
        """Begin or continue the search in its directory, which is locked within the block.

        Args:
            processors: how many each trial uses.
            minutes: after which no trial begins; None for no limit.

        Raises:
            RunError: a search to continue began with something else.
            UsageError: another process is searching there.
        """
        with locked(self._folder.path):
            space = self._chosen_space(len(training.data.train))
            text, data = written_text(self._file, self._changes), checksums(training.config)
            self._folder.begin(self.config, text, space, data, self._existing)
            yield Search(
                self._folder,
                self.config,
                space,
                own_values(space, self._load),
                command,
                processors,
                None if minutes is None else time() + 60.0 * minutes,
            )

    def _chosen_space(self, pairs: int) -> Space:
        """The space that is given; else that of the search to continue; else the default."""
        if self._space:
            return self._space
        if self._existing == "resume" and self._folder.space.is_file():
            return read_space(self._folder.space)
        return default_space(self.config, pairs, self._load)
