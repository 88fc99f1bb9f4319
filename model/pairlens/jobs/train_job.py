"""A training from its config and data to run directories: what is refused, what is read, and what goes on or begins."""

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
from pairlens.jobs.resume_check import finished_metrics, refuse_another_beginning
from pairlens.jobs.train_data import Data, refuse_missing_splits
from pairlens.memory import available_memory, refuse_too_large
from pairlens.packages import need
from pairlens.runs.carried import RECORD, hashes, read_carried, vocabulary_of, with_own_copies
from pairlens.runs.curves import write_curves
from pairlens.runs.environment import describe_environment
from pairlens.runs.progress import Progress
from pairlens.runs.run import Run
from pairlens.runs.staging import StagedRun, grows_beside, locked_run
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
Existing = Literal["refuse", "resume", "replace"]  # what to do with a run that stands there


class Listener:
    """What a training tells while it goes on. These methods do nothing; override those that matter."""

    def begins(self, run: Run) -> None:
        """There is no run to go on with; this begins it."""

    def finished_before(self, run: Run) -> None:
        """Nothing is left to train."""

    def loading(self, library: str) -> AbstractContextManager[None]:  # noqa: ARG002
        """A large library is loaded within it, which takes a while and may write to stderr."""
        return nullcontext()

    def fitting(self, config: Config) -> AbstractContextManager[EventListener]:  # noqa: ARG002
        """A network is trained within it; what it gives is called with every step and every evaluation."""
        return nullcontext(lambda _: None)

    def warns(self, message: str) -> None:
        """Something is wrong, and training goes on."""

    def stopped(self, progress: Progress) -> None:
        """Training stopped as it was asked to; all is saved."""

    def wrote(self, run: Run, metrics: Metrics) -> None:
        """A run is finished; the dev metrics of its best weights, nothing without dev split."""


class TrainJob:
    """One training, or several that differ by their seeds alone, into PATH or PATH/seed-N.

    Whatever can be refused is refused here or by `read`, before anything is written.

    Attributes:
        runs: where the trainings are written, by ascending seed.

    Raises:
        UsageError: a package that trains is not installed, or something stands at the path that may not be replaced or
            gone on with.
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
            if not self.goes_on(run):
                Run.refuse_existing(run.place if isinstance(run, StagedRun) else run.path, self.replaces)
            if existing == "refuse" and grows_beside(run.path):
                raise UsageError(
                    f"{run.path}: a run that replaces it was begun; --resume goes on with it, --force anew"
                )

    def read(self, command: Sequence[str] = ()) -> Training:
        """Read the data, and refuse what cannot be trained.

        Args:
            command: the command line, for the record.

        Raises:
            DataError: a fault in a file. RunError: a run was begun with another config, other data or versions, or the
                one of the warm start does not fit.
            UsageError: training takes more memory than there is.
        """
        config, going_on = self._config, [run for run in self.runs if self.goes_on(run)]
        if len(going_on) == len(self.runs):
            config = with_own_copies(config, going_on[0].path)
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
        if not all(self.goes_on(run) and run.has_checkpoint() for run in self.runs):
            warm_start(config)  # which a checkpoint has in it
        environment = describe_environment(config, command) | {RECORD: hashes(carried)}
        if covered:
            environment["vectors"] = covered.told()
        for run, seed in zip(self.runs, self.seeds, strict=True):
            if self.goes_on(run):
                refuse_another_beginning(run, config.with_seed(seed), environment)
        refuse_too_large("training", memory_needed(config, splits), available_memory())
        return Training(self, config, data, verdict.remarks, environment)

    def goes_on(self, run: Run) -> bool:
        return self.resumes and run.exists()

    def _run(self, path: Path) -> Run:
        """The run to train: beside the one that stands at the path, if it is to replace it or has begun to."""
        if self.resumes:
            return StagedRun(path) if grows_beside(path) else Run(path)
        return StagedRun(path) if self.replaces and (Run(path).exists() or grows_beside(path)) else Run(path)


class Training:
    """What a TrainJob has read, ready to be trained.

    Attributes:
        config: with as many classes as the labels have.
        runs: as those of the job.
        data: all but the test split, which is only looked at.
        remarks: what is worth knowing about it.
    """

    def __init__(
        self, job: TrainJob, config: Config, data: Data, remarks: Sequence[str], environment: dict[str, Any]
    ) -> None:
        self._job, self._environment = job, environment
        self.config, self.runs, self.data, self.remarks = config, job.runs, data, remarks

    def train(self, listener: Listener | None = None, stop: Callable[[], bool] = lambda: False) -> list[Metrics] | None:
        """Train every run that is not finished.

        Returns:
            the dev metrics of each run's best weights; None if `stop`, which is asked after every step, said so.

        Raises:
            UsageError: another process trains there. PairlensError: as `Trainer.fit` does.
        """
        listener = listener or Listener()
        metrics = []
        for run, seed in zip(self.runs, self._job.seeds, strict=True):
            with locked_run(run, begins=not self._job.goes_on(run)):
                its_metrics = self._train(run, self.config.with_seed(seed), listener, stop)
            if its_metrics is None:
                return None
            metrics.append(its_metrics)
        return metrics

    def summary(self, metrics: Sequence[Metrics]) -> dict[str, Any]:
        """The runs, and the mean and sample standard deviation of their dev metrics, of two or more seeds.

        Both are nan for a metric that is undefined for one of them.
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
        """Train one run, whose lock is held, unless it is finished."""
        if not self._job.goes_on(run):
            if self._job.resumes:
                listener.begins(run)
            if isinstance(run, StagedRun):
                run.begin()
            Run.create(run.path, config, self._environment, self._job.replaces, self.data.carried)
        elif (finished := finished_metrics(run, config)) is not None:
            listener.finished_before(run)
            return finished
        run.remove_partial_files()
        with listener.loading("TensorFlow"):
            from pairlens.training.trainer import Trainer

            trainer = Trainer(config, run, self.data.pretrained, self.data.vocabulary, self.data.vectors)
        if trainer.warning:
            listener.warns(f"{trainer.warning}; going on from the checkpoint before it")
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
    """However training ended; a picture is nothing to fail for."""
    try:
        with listener.loading("matplotlib"):
            write_curves(run)
    except Exception as error:
        listener.warns(f"{run.path}: the learning curves could not be drawn ({error})")
