"""pairlens train: train a model from a config and data into a run directory."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pairlens.errors import UsageError
from pairlens_cli import options, output, streams
from pairlens_cli.options import Location

if TYPE_CHECKING:
    from pairlens.config.schema import Config
    from pairlens.jobs.bucket_run import BucketRun
    from pairlens.jobs.seed_runs import Existing
    from pairlens.jobs.training import Training
    from pairlens.locations.remote import Remote


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
) -> None:
    """Train a model and write a run directory, which the other commands take."""
    from pairlens.config.file import load_config
    from pairlens.kernels.threads import use_processors

    _refuse(set_ or [], resume, force, seed, seeds)
    use_processors(threads)
    config = load_config(config_file, [*(set_ or []), *([] if seed is None else [f"training.seed={seed}"])])
    existing: Existing = "resume" if resume else "replace" if force else "refuse"
    place = run_directory or Path("runs") / config_file.stem
    if isinstance(place, Path):
        _train(config, config_file, place, existing, seeds)
        return
    with _bucket_run(place, existing, range(config.training.seed, config.training.seed + seeds)) as bucket:
        _train(config, config_file, bucket.folder, existing, seeds, bucket)


def _train(
    config: Config,
    config_file: Location,
    path: Path,
    existing: Existing,
    seeds: int,
    bucket: BucketRun | None = None,
) -> None:
    """Train at `path`; upload every finished run to the bucket, if there is one."""
    from pairlens.jobs.train_job import TrainJob
    from pairlens.runs.json_files import without_nan
    from pairlens_cli.display.signals import interrupts
    from pairlens_cli.display.training import TrainingDisplay

    job = TrainJob(config, path, existing, seeds)
    for warning in config.warnings():
        output.warn(warning)
    training = job.read(sys.argv)
    for remark in training.remarks:
        output.warn(remark)
    if training.data.coverage:
        output.say(training.data.coverage.sentence())
    _log_inputs(training, config_file)
    output.compile_kernels(training.config)
    with interrupts() as signals:
        metrics = training.train(TrainingDisplay(bucket), lambda: signals.exit_code is not None)
    if metrics is None:
        raise typer.Exit(signals.exit_code or 1)
    if seeds > 1:
        with output.results(None) as file:
            file.write(json.dumps(without_nan(training.summary(metrics)), indent=2) + "\n")


@contextmanager
def _bucket_run(place: Remote, existing: Existing, seeds: Sequence[int]) -> Iterator[BucketRun]:
    """Yield where to train a run for a bucket; if it is not uploaded in the end, say where it is and how to go on."""
    from pairlens.jobs.bucket_run import BucketRun
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
                "copy its files, config.yaml last"
            )


def _refuse(set_: list[str], resume: bool, force: bool, seed: int | None, seeds: int) -> None:
    """Raises UsageError if options contradict each other, or results cannot be printed."""
    if resume and force:
        raise UsageError("--resume continues a run and --force replaces it; give one of them")
    if seed is not None and any(change.partition("=")[0].strip() == "training.seed" for change in set_):
        raise UsageError("--seed is short for --set training.seed; give one of the two")
    if seeds > 1 and "stdout" in streams.closed:
        raise UsageError("--seeds prints mean and standard deviation to stdout, which is closed; redirect it to a file")


def _log_inputs(training: Training, config_file: Location) -> None:
    """Log what was read, for --verbose."""
    from pairlens.texts.splits import find_split
    from pairlens_cli.display.details import log_model, log_pairs, log_threads

    log_model(config_file, training.config)
    log_pairs(find_split(training.config, "train"), len(training.data.train))
    if training.data.dev:
        log_pairs(find_split(training.config, "dev"), len(training.data.dev))
    log_threads()
