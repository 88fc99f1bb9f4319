"""pairlens train: train a model from a config and data into a run directory."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pairlens.errors import UsageError
from pairlens_cli import options, output, streams

if TYPE_CHECKING:
    from pairlens.jobs.train_job import Existing, Training


def train(
    config_file: options.ConfigFile,
    set_: options.Set = None,
    run_directory: Annotated[
        Path | None,
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
    from pairlens.jobs.train_job import TrainJob
    from pairlens.kernels.threads import use_processors
    from pairlens.runs.json_files import without_nan
    from pairlens_cli.display.signals import interrupts
    from pairlens_cli.display.training import TrainingDisplay

    _refuse(set_ or [], resume, force, seed, seeds)
    use_processors(threads)
    config = load_config(config_file, [*(set_ or []), *([] if seed is None else [f"training.seed={seed}"])])
    existing: Existing = "resume" if resume else "replace" if force else "refuse"
    job = TrainJob(config, run_directory or Path("runs") / config_file.stem, existing, seeds)
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
        metrics = training.train(TrainingDisplay(), lambda: signals.exit_code is not None)
    if metrics is None:
        raise typer.Exit(signals.exit_code or 1)
    if seeds > 1:
        with output.results(None) as file:
            file.write(json.dumps(without_nan(training.summary(metrics)), indent=2) + "\n")


def _refuse(set_: list[str], resume: bool, force: bool, seed: int | None, seeds: int) -> None:
    """Raises UsageError if options contradict each other, or results cannot be printed."""
    if resume and force:
        raise UsageError("--resume continues a run and --force replaces it; give one of them")
    if seed is not None and any(change.partition("=")[0].strip() == "training.seed" for change in set_):
        raise UsageError("--seed is short for --set training.seed; give one of the two")
    if seeds > 1 and "stdout" in streams.closed:
        raise UsageError("--seeds prints mean and standard deviation to stdout, which is closed; redirect it to a file")


def _log_inputs(training: Training, config_file: Path) -> None:
    """Log what was read, for --verbose."""
    from pairlens.texts.splits import find_split
    from pairlens_cli.display.details import log_model, log_pairs, log_threads

    log_model(config_file, training.config)
    log_pairs(find_split(training.config, "train"), len(training.data.train))
    if training.data.dev:
        log_pairs(find_split(training.config, "dev"), len(training.data.dev))
    log_threads()
