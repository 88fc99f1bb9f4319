"""pairlens train: train a model from a config and data into a run directory."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from pairlens.errors import UsageError
from pairlens_cli import cluster_options, options, output, streams
from pairlens_cli.options import Location

if TYPE_CHECKING:
    from pairlens.config.schema import Config
    from pairlens.jobs.bucket_run import BucketRun
    from pairlens.jobs.seed_runs import Existing
    from pairlens.jobs.training import Metrics, Training
    from pairlens.locations.remote import Remote
    from pairlens.training.events import Callback
    from pairlens_cli.display.training import TrainingDisplay


def train(
    config_file: options.ConfigFile,
    set_: options.Set = None,
    run_directory: Annotated[
        Location | None,
        typer.Option("--output", "-o", metavar="RUN", help="Run directory to write.", show_default="runs/CONFIG"),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue from the run's last checkpoint; if there is no run, start one.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing run.")] = False,
    seed: Annotated[
        int | None, typer.Option("--seed", help="Short for --set training.seed=N.", show_default=False)
    ] = None,
    seeds: Annotated[
        int,
        typer.Option(
            "--seeds",
            metavar="N",
            min=1,
            help="Train N runs with seeds S, S+1, ... into RUN/seed-S and so on; print mean and standard deviation.",
        ),
    ] = 1,
    threads: Annotated[
        int | None,
        typer.Option(
            "--threads",
            min=1,
            help="Processors to use; default: all. Another number changes the last digits of a large network's "
            "weights, so --resume refuses it.",
        ),
    ] = None,
    cluster: cluster_options.Cluster = None,
    workers: cluster_options.Workers = None,
    retries: cluster_options.Retries = None,
    tensorboard: Annotated[
        bool,
        typer.Option(
            "--tensorboard", help="Also write curves and attention maps into RUN/tensorboard, for TensorBoard."
        ),
    ] = False,
) -> None:
    """Train a model and write a run directory, which the other commands take."""
    from pairlens.config.file import load_config
    from pairlens.kernels.threads import use_processors

    existing, changes = options.existing("run", resume, force), options.changes_with_seed(set_, seed)
    if seeds > 1 and "stdout" in streams.closed:
        raise UsageError("--seeds prints mean and standard deviation to stdout, which is closed; redirect it to a file")
    callbacks = _callbacks(tensorboard)
    chosen = _chosen(cluster, workers, retries, seeds, threads)
    use_processors(threads)
    config = load_config(config_file, changes)
    place = run_directory or Path("runs") / config_file.stem
    if isinstance(place, Path):
        _train(config, config_file, place, existing, seeds, chosen, callbacks)
        return
    if tensorboard:
        raise UsageError(f"{place}: --tensorboard needs a run directory of this machine; give one, and copy it")
    if chosen and chosen.is_elsewhere:
        raise UsageError(f"{place}: the machines of a cluster write runs into a common folder; give one")
    with _bucket_run(place, existing, range(config.training.seed, config.training.seed + seeds)) as bucket:
        _train(config, config_file, bucket.folder, existing, seeds, chosen, callbacks, bucket)


def _callbacks(tensorboard: bool) -> list[Callback]:
    if not tensorboard:
        return []
    from pairlens.jobs.tensorboard import TensorBoard

    return [TensorBoard()]


def _train(
    config: Config,
    config_file: Location,
    path: Path,
    existing: Existing,
    seeds: int,
    chosen: _Chosen | None,
    callbacks: Sequence[Callback],
    bucket: BucketRun | None = None,
) -> None:
    """Train at `path`, perhaps on a cluster; upload every finished run to the bucket, if there is one."""
    from pairlens.jobs.train_job import TrainJob
    from pairlens.runs.json_files import without_nan
    from pairlens_cli.display.signals import interrupts
    from pairlens_cli.display.training import TrainingDisplay

    job = TrainJob(config, path, existing, seeds)
    for warning in config.warnings():
        output.warn(warning)
    at_once, elsewhere = (chosen.at_once, chosen.is_elsewhere) if chosen else (1, False)
    training = job.read(sys.argv, at_once, elsewhere, callbacks=callbacks)
    for remark in training.remarks:
        output.warn(remark)
    if training.data.coverage:
        output.say(training.data.coverage.sentence())
    _log_inputs(training, config_file)
    output.compile_kernels(training.config)
    with interrupts() as signals:
        shown, stop = TrainingDisplay(bucket), lambda: signals.exit_code is not None
        metrics = _train_on_cluster(training, chosen, shown, stop) if chosen else training.train(shown, stop)
    if metrics is None:
        raise typer.Exit(signals.exit_code or 1)
    if seeds > 1:
        with output.results(None) as file:
            file.write(json.dumps(without_nan(training.summary(metrics)), indent=2) + "\n")


def _train_on_cluster(
    training: Training, chosen: _Chosen, shown: TrainingDisplay, stop: Callable[[], bool]
) -> list[Metrics] | None:
    from pairlens.jobs.train_seeds import train_on_cluster
    from pairlens_cli.display.cluster import ClusterDisplay
    from pairlens_cli.display.signals import resuming_command

    metrics = train_on_cluster(training, chosen.kind, chosen.workers, chosen.retries, shown, ClusterDisplay(), stop)
    if metrics is None:
        output.warn(f"interrupted; what is trained is saved. Continue with: {resuming_command(sys.argv[1:])}")
    return metrics


class _Chosen(NamedTuple):
    """A cluster to train on: see `run_work`; `at_once` is how many runs are trained here at the same time."""

    kind: str
    workers: int | None
    retries: int
    at_once: int

    @property
    def is_elsewhere(self) -> bool:
        return self.kind not in ("local", "ray")


def _chosen(
    cluster: str | None, workers: int | None, retries: int | None, seeds: int, threads: int | None
) -> _Chosen | None:
    """Return the cluster to train on; None without one. Raises UsageError if options contradict each other."""
    from pairlens.kernels.threads import available, processors

    if cluster is None:
        if workers is not None or retries is not None:
            raise UsageError("--workers and --retries are for --cluster; add --cluster local")
        return None
    from pairlens.jobs.cluster.run import refuse_cluster

    if seeds == 1:
        raise UsageError("--cluster trains several runs at the same time; add --seeds N")
    refuse_cluster(cluster)
    chosen = _Chosen(cluster, workers, cluster_options.DEFAULT_RETRIES if retries is None else retries, 1)
    if chosen.is_elsewhere:
        return chosen
    at_once = min(workers or max(available() // (threads or processors()), 1), seeds)
    if at_once == 1:
        output.warn(f"one run at a time uses all {processors()} processors; --threads 1 trains as many as there are")
    return chosen._replace(workers=at_once, at_once=at_once)


@contextmanager
def _bucket_run(place: Remote, existing: Existing, seeds: Sequence[int]) -> Iterator[BucketRun]:
    """Yield where to train a run for a bucket; if it is not uploaded in the end, say where it is and how to go on."""
    from pairlens.jobs.bucket_run import BucketRun
    from pairlens.runs.names import CONFIG
    from pairlens_cli.display.signals import resuming_command

    if existing == "resume":
        raise UsageError(f"{place}: --resume continues a run of this machine; copy it, or leave --resume out")
    bucket = BucketRun(place, existing == "replace", seeds)
    try:
        yield bucket
    finally:
        if kept := bucket.close():
            here = re.compile(rf"(--output=|-o)?{re.escape(str(place))}/*")
            given = [here.sub(rf"\1{kept}", one) if here.fullmatch(one) else one for one in sys.argv[1:]]
            output.warn(
                f"{place}: not uploaded; the run is kept in {kept}. Continue with: {resuming_command(given)}; then "
                f"copy its files, {CONFIG} last"
            )


def _log_inputs(training: Training, config_file: Location) -> None:
    """Log what was read, for --verbose."""
    from pairlens.texts.splits import find_split
    from pairlens_cli.display.details import log_model, log_pairs, log_threads

    log_model(config_file, training.config)
    log_pairs(find_split(training.config, "train"), len(training.data.train))
    if training.data.dev:
        log_pairs(find_split(training.config, "dev"), len(training.data.dev))
    log_threads()
