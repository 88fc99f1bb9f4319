"""Checks what is to be trained, and reads its data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pairlens.config.schema import Config
from pairlens.config.types import LAST_SEED
from pairlens.errors import DataError, UsageError
from pairlens.jobs.prior import share_of_positives
from pairlens.jobs.resume_check import refuse_changes
from pairlens.jobs.seed_runs import Existing, SeedRuns
from pairlens.jobs.train_data import Data, refuse_missing_splits
from pairlens.jobs.training import Training
from pairlens.memory import available_memory, refuse_too_large
from pairlens.packages import need
from pairlens.runs.carried import RECORD, hashes, read_carried, vocabulary_of, with_own_copies
from pairlens.runs.environment import describe_environment
from pairlens.runs.warm_start import warm_start
from pairlens.texts.pairs import Pairs
from pairlens.texts.splits import (
    LATER_SPLITS,
    SplitName,
    class_names_of,
    read_split,
    with_classes,
)
from pairlens.training.events import Callback
from pairlens.training.preconditions import judge, memory_needed
from pairlens.vectors.pretrained import coverage, read_pretrained, read_word_vectors


class TrainJob:
    """One training into PATH, or several with consecutive seeds into PATH/seed-N.

    All checks are made here or by `read`, before anything is written.

    Raises:
        UsageError: a package that training needs is not installed, or something exists at the path that may be neither
            replaced nor resumed.
    """

    def __init__(self, config: Config, path: Path, existing: Existing = "refuse", seeds: int = 1) -> None:
        need("training", "tensorflow", "tf-keras", "matplotlib")
        self._config = config
        first, last = config.training.seed, config.training.seed + seeds - 1
        if last > LAST_SEED:
            raise UsageError(f"--seeds {seeds}: the last would be {last}; a seed is at most {LAST_SEED}")
        self._places = SeedRuns(path, range(first, last + 1), existing)
        self._places.refuse()

    def read(
        self,
        command: Sequence[str] = (),
        at_once: int = 1,
        elsewhere: bool = False,
        later: Sequence[SplitName] = LATER_SPLITS,
        callbacks: Sequence[Callback] = (),
    ) -> Training:
        """Read the data, and refuse what cannot be trained.

        Args:
            command: the command line, to be recorded in the run.
            at_once: how many runs will be trained at the same time.
            elsewhere: whether they are trained on other machines, which this one is not compared with.
            later: the splits to read besides train; test is read only to check it.
            callbacks: are called with each event of the training.

        Raises:
            DataError: a file has a fault.
            RunError: a run to resume began with another config, data or versions, or the warm start does not fit.
            UsageError: training would take more memory than is available.
        """
        config, resumed = self._config, [run for run in self._places.runs if self._places.is_resumed(run)]
        if len(resumed) == len(self._places.runs):
            config = with_own_copies(config, resumed[0].path)
            refuse_missing_splits(config)
        train = read_split(config, "train")
        config = with_classes(config, train)
        splits: dict[SplitName, Pairs] = {"train": train}
        splits |= {name: read_split(config, name) for name in later if getattr(config.data, name)}
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
        if not all(run in resumed and run.has_checkpoint() for run in self._places.runs):
            warm_start(config)  # a checkpoint already contains its weights
        environment = describe_environment(config, command) | {RECORD: hashes(carried)}
        environment |= share_of_positives(config, train)
        if covered:
            environment["vectors"] = covered.record()
        for run, seed in zip(self._places.runs, self._places.seeds, strict=True):
            if run in resumed and not elsewhere:
                refuse_changes(run, config.with_seed(seed), environment)
        needed = {part: at_once * size for part, size in memory_needed(config, splits).items()}
        refuse_too_large(
            "training" if at_once == 1 else f"training {at_once} seeds at once", needed, available_memory()
        )
        return Training(self._places, config, data, verdict.remarks, environment, callbacks)
