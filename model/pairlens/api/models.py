"""Training, loading and measuring models, as the commands do. Each function imports what it needs when it is called."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from pairlens.api.arguments import given_callbacks, refuse_threads, refuse_threshold
from pairlens.api.data import load_config, make_pairs
from pairlens.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from pairlens.api.data import AnyConfig, AnyPath
    from pairlens.api.run import Run
    from pairlens.api.scorer import Scorer
    from pairlens.config.schema import Config
    from pairlens.jobs.seed_runs import Existing
    from pairlens.texts.pairs import Pairs
    from pairlens.training.events import Callback


def train(
    config: AnyConfig,
    output: AnyPath,
    *,
    set: Mapping[str, object] | None = None,
    seed: int | None = None,
    resume: bool = False,
    force: bool = False,
    threads: int | None = None,
    callbacks: Sequence[Callback] = (),
) -> Run:
    """Train a model, as `pairlens train` does; this imports TensorFlow.

    Args:
        config, set: as for `load_config`.
        output: the run directory to write, a folder of this machine.
        seed: short for set={"training.seed": seed}.
        resume: continue from the run's last checkpoint; if there is no run, start one; if it is finished, only tell the
            callbacks Began and Finished.
        force: replace an existing run.
        threads: processors to use; default: all. The first training of a process decides for all; another number is
            refused then.
        callbacks: are called, in order, with each event: Began, Step and Evaluation, Finished. What one raises ends the
            training and is raised here; the run can be resumed from its last checkpoint.

    Returns:
        the finished run, which holds the best weights.

    Raises:
        pairlens.errors.UsageError, ConfigError, DataError, RunError: as the command reports them, before anything is
            written.
        pairlens.errors.PairlensError: a loss or a weight is no longer finite.
    """
    from pairlens.api.run import Run
    from pairlens.kernels.threads import processors_limited_to
    from pairlens.locations.location import location
    from pairlens.locations.remote import Remote

    refuse_threads(threads)
    callbacks = given_callbacks(callbacks)
    if resume and force:
        raise UsageError("resume continues a run and force replaces it; give one of them")
    place = location(output)
    if isinstance(place, Remote):
        raise UsageError(f"{place}: a run is trained in a folder of this machine; give one, and copy it")
    chosen = load_config(config, {**(set or {}), **({} if seed is None else {"training.seed": seed})})
    with processors_limited_to(threads):
        _refuse_other_processors()
        _train(chosen, place, "resume" if resume else "replace" if force else "refuse", callbacks)
    return Run(place)


def _refuse_other_processors() -> None:
    """Raises UsageError if TensorFlow already uses another number of processors, which it keeps."""
    if "tensorflow" in sys.modules:
        from pairlens.network.devices import refuse_other_processors

        refuse_other_processors()


def _train(config: Config, path: Path, existing: Existing, callbacks: Sequence[Callback]) -> None:
    """Train with warnings as Python's, and without the lines that TensorFlow writes when it is loaded."""
    from pairlens.descriptors import silent_stderr
    from pairlens.jobs.train_job import TrainJob
    from pairlens.jobs.training import Listener

    caller = sys._getframe(2)  # that of `train`, however deep training is when it warns

    def warn(message: str) -> None:
        warnings.warn_explicit(message, UserWarning, caller.f_code.co_filename, caller.f_lineno)

    class Quiet(Listener):
        def loading(self, library: str) -> AbstractContextManager[None]:  # noqa: ARG002
            return silent_stderr()

        def warns(self, message: str) -> None:
            warn(message)

    training = TrainJob(config, path, existing).read(callbacks=callbacks)
    for message in (*config.warnings(), *training.remarks):
        warn(message)
    training.train(Quiet())


def evaluate(
    run: AnyPath,
    split: str | None = None,
    *,
    pairs: Pairs | None = None,
    threshold: float | None = None,
    threads: int | None = None,
) -> dict[str, Any]:
    """Measure a run on labelled pairs, with 95 % bootstrap intervals.

    Args:
        run: a Run, or the path or address of one.
        split: train, dev or test of the run's config; default: test if there is one, else dev.
        pairs: labelled pairs, instead of a split; `load_pairs` reads them from files, `make_pairs` takes lists.
        threshold: the score from which a pair counts as positive, for task binary; default: as fitted on dev.
        threads: as for `load`.

    Returns:
        what `pairlens evaluate` prints as JSON: `metrics` and `intervals` by name, the number of `pairs`, and for some
        tasks `threshold`, `confusion` and figures of groups. An undefined metric is nan.

    Raises:
        pairlens.errors.UsageError, DataError, RunError: as the command reports them.
    """
    from pairlens.evaluation.evaluation import labelled_files, measure, score_files, score_pairs
    from pairlens.locations.location import location
    from pairlens.runs.run import Run
    from pairlens.texts.pairs import Pairs

    refuse_threads(threads)
    refuse_threshold(threshold)
    opened = Run.open(location(run))
    if threshold is not None and (task := opened.config().task) != "binary":
        raise UsageError(f"threshold is for task binary; {opened.path} was trained for {task}")
    what: dict[str, Any] = {"run": str(opened.path)}
    if pairs is None:
        named, files = labelled_files(opened.config(), split)
        what, scored = what | named, score_files(opened, files, threshold, threads)
    elif split is None:
        if not isinstance(pairs, Pairs):
            raise UsageError(f"pairs: found a value of type {type(pairs).__name__}; make them with pairlens.make_pairs")
        checked = make_pairs(pairs.query, pairs.value, pairs.label, pairs.group)
        scored = score_pairs(opened, checked, threshold, threads)
    else:
        raise UsageError("give a split or pairs, not both")
    classes = opened.classes()
    return {**what, "pairs": len(scored.pairs), **measure(scored), **({"classes": classes} if classes else {})}


def load(run: AnyPath, threads: int | None = None) -> Scorer:
    """Load the model of a run, ready to score pairs and compute their attention.

    Args:
        run: a Run; or a directory that `train` wrote, or its address, such as s3://bucket/run. Nothing in it is
            executed or unpickled.
        threads: processors to use; default: all that this process may use. The scores do not depend on it.

    Raises:
        pairlens.errors.RunError: there is no run, or its files are damaged or do not fit together.
    """
    from pairlens.api.run import Run

    return Run(run).load(threads)
