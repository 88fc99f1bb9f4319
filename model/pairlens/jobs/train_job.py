"""Trains from a config and data to run directories: checks, reads, and starts or resumes each run."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pairlens.config.schema import Config
from pairlens.config.types import LAST_SEED
from pairlens.errors import DataError, UsageError
from pairlens.jobs.resume_check import finished_metrics, refuse_changes
from pairlens.jobs.train_data import Data, refuse_missing_splits
from pairlens.memory import available_memory, refuse_too_large
from pairlens.packages import need
from pairlens.runs.carried import RECORD, hashes, read_carried, vocabulary_of, with_own_copies
from pairlens.runs.curves import write_curves
from pairlens.runs.environment import describe_environment
from pairlens.runs.progress import Progress
from pairlens.runs.run import Run
from pairlens.runs.staging import StagedRun, is_being_replaced, locked_run
from pairlens.runs.warm_start import warm_start
from pairlens.texts.pairs import Pairs
from pairlens.texts.splits import (
    LATER_SPLITS,
    SplitName,
    class_names_of,
    read_split,
    with_classes,
)
from pairlens.training.preconditions import judge, memory_needed
from pairlens.vectors.pretrained import coverage, read_pretrained, read_word_vectors

if TYPE_CHECKING:
    from pairlens.training.trainer import Listener as EventListener

Metrics = dict[str, float]
Existing = Literal["refuse", "resume", "replace"]  # what to do with an existing run


class Listener:
    """Callbacks of a running training. These methods do nothing; override the ones you need."""

    def begins(self, run: Run) -> None:
        """A new run is started, as there is none to resume."""

    def finished_before(self, run: Run) -> None:
        """The run to resume is already finished."""

    def loading(self, library: str) -> AbstractContextManager[None]:  # noqa: ARG002
        """Return a context within which a large library is loaded, which takes a while and may write to stderr."""
        return nullcontext()

    def fitting(self, config: Config) -> AbstractContextManager[EventListener]:  # noqa: ARG002
        """Return a context within which a network is trained; its value is called with each step and evaluation."""
        return nullcontext(lambda _: None)

    def warns(self, message: str) -> None:
        """Something went wrong, but training continues."""

    def stopped(self, progress: Progress) -> None:
        """Training stopped on request; everything is saved."""

    def wrote(self, run: Run, metrics: Metrics) -> None:
        """A run is finished; `metrics` are the dev metrics of its best weights, empty without a dev split."""


class TrainJob:
    """One training into PATH, or several with consecutive seeds into PATH/seed-N.

    All checks are made here or by `read`, before anything is written.

    Attributes:
        runs: the runs to train, by ascending seed.

    Raises:
        UsageError: a package that training needs is not installed, or something exists at the path that may be neither
            replaced nor resumed.
    """

    def __init__(self, config: Config, path: Path, existing: Existing = "refuse", seeds: int = 1) -> None:
        need("training", "tensorflow", "tf-keras", "matplotlib")
        self._config = config
        self.resumes, self.replaces = existing == "resume", existing != "refuse"
        self.seeds = range(config.training.seed, config.training.seed + seeds)
        if self.seeds[-1] > LAST_SEED:
            raise UsageError(f"--seeds {seeds}: the last would be {self.seeds[-1]}; a seed is at most {LAST_SEED}")
        self.runs = [self._run(path if seeds == 1 else path / f"seed-{seed}") for seed in self.seeds]
        for run in self.runs:
            if isinstance(run, StagedRun):
                run.refuse()
            if not self.is_resumed(run):
                Run.refuse_existing(run.place if isinstance(run, StagedRun) else run.folder, self.replaces)
            if existing == "refuse" and is_being_replaced(run.folder):
                raise UsageError(
                    f"{run.path}: a training that replaces it was interrupted; add --resume to continue that, or "
                    "--force to start again"
                )

    def read(self, command: Sequence[str] = ()) -> Training:
        """Read the data, and refuse what cannot be trained.

        Args:
            command: the command line, to be recorded in the run.

        Raises:
            DataError: a file has a fault.
            RunError: a run to resume began with another config, data or versions, or the warm start does not fit.
            UsageError: training would take more memory than is available.
        """
        config, resumed = self._config, [run for run in self.runs if self.is_resumed(run)]
        if len(resumed) == len(self.runs):
            config = with_own_copies(config, resumed[0].path)
            refuse_missing_splits(config)
        train = read_split(config, "train")
        config = with_classes(config, train)
        splits: dict[SplitName, Pairs] = {"train": train}
        splits |= {name: read_split(config, name) for name in LATER_SPLITS if getattr(config.data, name)}
        vocabulary = vocabulary_of(config)
        class_names_of(config)
        spelled = vocabulary if config.starts_from_spelling else None
        vectors = read_word_vectors(config, vocabulary)
        covered = coverage(config, vectors, vocabulary, train) if vectors and vocabulary else None
        carried = read_carried(config)
        data = Data(train, splits.get("dev"), read_pretrained(config), spelled, vectors, covered, carried)
        verdict = judge(config, splits)
        if verdict.problems:
            raise DataError("\n".join(verdict.problems))
        if not all(self.is_resumed(run) and run.has_checkpoint() for run in self.runs):
            warm_start(config)  # a checkpoint already contains its weights
        environment = describe_environment(config, command) | {RECORD: hashes(carried)}
        if covered:
            environment["vectors"] = covered.record()
        for run, seed in zip(self.runs, self.seeds, strict=True):
            if self.is_resumed(run):
                refuse_changes(run, config.with_seed(seed), environment)
        refuse_too_large("training", memory_needed(config, splits), available_memory())
        return Training(self, config, data, verdict.remarks, environment)

    def is_resumed(self, run: Run) -> bool:
        return self.resumes and run.exists()

    def _run(self, path: Path) -> Run:
        """The run to train at `path`; a StagedRun next to it if it replaces an existing run, or has begun to."""
        if self.resumes:
            return StagedRun(path) if is_being_replaced(path) else Run(path)
        return StagedRun(path) if self.replaces and (Run(path).exists() or is_being_replaced(path)) else Run(path)


class Training:
    """A TrainJob whose data are read, ready to train.

    Attributes:
        config: the config, with the number of classes taken from the labels.
        runs: the runs of the job.
        data: the data without the test split, which is only checked.
        remarks: warnings about the data.
    """

    def __init__(
        self, job: TrainJob, config: Config, data: Data, remarks: Sequence[str], environment: dict[str, Any]
    ) -> None:
        self._job, self._environment = job, environment
        self.config, self.runs, self.data, self.remarks = config, job.runs, data, remarks

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
        for run, seed in zip(self.runs, self._job.seeds, strict=True):
            with locked_run(run, begins=not self._job.is_resumed(run)):
                its_metrics = self._train(run, self.config.with_seed(seed), listener, stop)
            if its_metrics is None:
                return None
            metrics.append(its_metrics)
        return metrics

    def summary(self, metrics: Sequence[Metrics]) -> dict[str, Any]:
        """Return the runs, and mean and sample standard deviation of their dev metrics; there must be two or more.

        Both are nan for a metric that is undefined in one of the runs.
        """
        values = {name: [one[name] for one in metrics] for name in metrics[0]}
        return {
            "runs": [str(run.path) for run in self.runs],
            "dev": {
                name: {"mean": statistics.fmean(numbers), "deviation": _deviation(numbers)}
                for name, numbers in values.items()
            },
        }

    def _train(self, run: Run, config: Config, listener: Listener, stop: Callable[[], bool]) -> Metrics | None:
        """Train one run, unless it is finished. The caller holds its lock."""
        if not self._job.is_resumed(run):
            if self._job.resumes:
                listener.begins(run)
            if isinstance(run, StagedRun):
                run.begin()
            Run.create(run.folder, config, self._environment, self._job.replaces, self.data.carried)
        elif (finished := finished_metrics(run, config)) is not None:
            listener.finished_before(run)
            return finished
        run.remove_partial_files()
        with listener.loading("TensorFlow"):
            from pairlens.training.trainer import Trainer

            trainer = Trainer(config, run, self.data.pretrained, self.data.vocabulary, self.data.vectors)
        if trainer.warning:
            listener.warns(f"{trainer.warning}; continuing from the checkpoint before it")
        try:
            with listener.fitting(config) as listen:
                metrics = trainer.fit(self.data.train, self.data.dev, listen, stop)
        finally:
            _draw_curves(run, listener)
        if metrics is None:
            listener.stopped(trainer.progress)
        else:
            listener.wrote(run, metrics)
        return metrics


def _deviation(numbers: Sequence[float]) -> float:
    return math.nan if any(map(math.isnan, numbers)) else statistics.stdev(numbers)


def _draw_curves(run: Run, listener: Listener) -> None:
    """Draw the curves, however training ended; if that fails, only warn."""
    try:
        with listener.loading("matplotlib"):
            write_curves(run)
    except Exception as error:
        listener.warns(f"{run.path}: the learning curves could not be drawn ({error})")
