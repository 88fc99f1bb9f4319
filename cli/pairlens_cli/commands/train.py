"""pairlens train: a config and data in, a run directory out."""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from pairlens.errors import UsageError
from pairlens_cli import options, output
from pairlens_cli.display.signals import Interrupts, interrupts, resuming_command

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pairlens.config.schema import Config
    from pairlens.runs.run import Run
    from pairlens.texts.pairs import Pairs


def train(
    config_file: options.ConfigFile,
    set_: options.Set = None,
    run_directory: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="RUN", help="The run directory.", show_default="runs/CONFIG"),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the run's last checkpoint; where there is no run, begin one.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a run that stands there.")] = False,
    seed: Annotated[
        int | None, typer.Option("--seed", help="Short for --set training.seed=N.", show_default=False)
    ] = None,
    seeds: Annotated[
        int,
        typer.Option("--seeds", min=1, help="Train so many, into RUN/seed-N, and print their mean and deviation."),
    ] = 1,
) -> None:
    """Train a model and write a run directory, which every other command takes."""
    from pairlens.config.file import load_config
    from pairlens.jobs.resume_check import refuse_another_beginning
    from pairlens.memory import available_memory, refuse_too_large
    from pairlens.runs.environment import describe_environment
    from pairlens.runs.run import Run
    from pairlens.texts.lines import read_vocabulary
    from pairlens.texts.splits import read_pretrained, read_split, with_classes
    from pairlens.training.memory import training_memory

    if resume and force:
        raise UsageError("--resume continues a run and --force replaces it; give one of them")
    config = load_config(config_file, [*(set_ or []), *([] if seed is None else [f"training.seed={seed}"])])
    path = run_directory or Path("runs") / config_file.stem
    numbers = range(config.training.seed, config.training.seed + seeds)
    runs = [Run(path if seeds == 1 else path / f"seed-{number}") for number in numbers]
    for run in runs:
        if not (resume and run.exists()):
            Run.refuse_existing(run.path, force or resume)
    for warning in config.warnings():
        output.warn(warning)

    train_pairs = read_split(config, "train")
    config = with_classes(config, train_pairs)
    configs = [config.with_seed(number) for number in numbers]
    data = _Data(
        train_pairs,
        read_split(config, "dev") if config.data.dev else None,
        read_pretrained(config),
        read_vocabulary(config.data.vocab) if config.data.vocab and config.starts_from_spelling else None,
    )
    environment = describe_environment(config, sys.argv)
    for run, its_config in zip(runs, configs, strict=True):
        if resume and run.exists():
            refuse_another_beginning(run, its_config, environment)
    query, value = (int(texts.lengths.max(initial=1)) for texts in (train_pairs.query, train_pairs.value))
    tokens = len(train_pairs.query.ids) + len(train_pairs.value.ids)
    refuse_too_large("training", training_memory(config, query, value, tokens), available_memory())
    output.detail(f"{len(data.train)} train pairs, {len(data.dev) if data.dev else 0} dev pairs")
    output.compile_kernels(config)
    with interrupts() as signals:
        metrics = [
            _train(run, its_config, data, environment, resume, force, signals)
            for run, its_config in zip(runs, configs, strict=True)
        ]
    if seeds > 1:
        with output.results(None) as file:
            file.write(json.dumps(_summary(runs, metrics), indent=2) + "\n")


class _Data(NamedTuple):
    train: Pairs
    dev: Pairs | None
    pretrained: NDArray[np.float32] | None
    vocabulary: list[str] | None


def _train(
    run: Run,
    config: Config,
    data: _Data,
    environment: dict[str, Any],
    resume: bool,
    force: bool,
    signals: Interrupts,
) -> dict[str, float]:
    """Train one run, if it is not finished; its dev metrics."""
    from pairlens.jobs.resume_check import finished_metrics
    from pairlens.runs.locks import locked
    from pairlens.runs.run import Run

    with locked(run.path):
        if not (resume and run.exists()):
            if resume:
                output.say(f"{run.path}: no run yet; this begins it")
            Run.create(run.path, config, environment, force or resume)
        elif (finished := finished_metrics(run, config)) is not None:
            output.say(f"{run.path}: finished already; nothing is left to train")
            return finished
        metrics = _fit(run, config, data, signals)
    output.say(f"Wrote {run.path}" + "".join(f"  dev {name} {value:.4f}" for name, value in list(metrics.items())[:1]))
    if metrics:
        output.say(f"Next: pairlens evaluate {run.path}")
    return metrics


def _fit(run: Run, config: Config, data: _Data, signals: Interrupts) -> dict[str, float]:
    run.remove_partial_files()
    output.hint("Loading TensorFlow")
    with output.silent_libraries():
        from pairlens.training.trainer import Trainer
        from pairlens_cli.display.training import fit

        trainer = Trainer(config, run, data.pretrained, data.vocabulary)
    if trainer.warning:
        output.warn(f"{trainer.warning}; going on from the checkpoint before it")
    try:
        metrics = fit(trainer, data.train, data.dev, lambda: signals.exit_code is not None)
    finally:
        _draw_curves(run)
    if metrics is None:
        done = trainer.progress
        command = resuming_command(sys.argv[1:])
        output.warn(f"interrupted in epoch {done.epoch + 1} after step {done.batch}, all saved; go on with: {command}")
        raise typer.Exit(signals.exit_code or 1)
    return metrics


def _summary(runs: list[Run], metrics: list[dict[str, float]]) -> dict[str, Any]:
    """The runs, and the mean and sample standard deviation of their dev metrics."""
    values = {name: [one[name] for one in metrics] for name in metrics[0]}
    return {
        "runs": [str(run.path) for run in runs],
        "dev": {
            name: {"mean": statistics.fmean(numbers), "deviation": statistics.stdev(numbers)}
            for name, numbers in values.items()
        },
    }


def _draw_curves(run: Run) -> None:
    """However training ended; a picture is nothing to fail for."""
    from pairlens.runs.curves import write_curves

    try:
        with output.silent_libraries():
            write_curves(run)
    except Exception as error:
        output.warn(f"{run.path}: the learning curves could not be drawn ({error})")
