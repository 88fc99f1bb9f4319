"""pairlens train: a config and data in, a run directory out."""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pairlens.errors import UsageError
from pairlens_cli import options, output

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pairlens.config import Config
    from pairlens.pairs import Pairs
    from pairlens.runs import Run
    from pairlens.training import Evaluation, Step, Trainer


def train(
    config_file: options.ConfigFile,
    set_: options.Set = None,
    run_directory: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="RUN", help="The run directory.", show_default="runs/CONFIG"),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the run's last checkpoint.")] = False,
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
    from pairlens.config_file import load_config
    from pairlens.memory import available_memory, refuse_too_large, training_memory
    from pairlens.runs import Run
    from pairlens.splits import read_pretrained, read_split, with_classes

    if resume and force:
        raise UsageError("--resume continues a run and --force replaces it; give one of them")
    config = load_config(config_file, [*(set_ or []), *([] if seed is None else [f"training.seed={seed}"])])
    path = run_directory or Path("runs") / config_file.stem
    numbers = range(config.training.seed, config.training.seed + seeds)
    paths = [path] if seeds == 1 else [path / f"seed-{number}" for number in numbers]
    if not resume:
        for one in paths:
            Run.refuse_existing(one, force)
    for warning in config.warnings():
        output.warn(warning)

    train_pairs = read_split(config, "train")
    config = with_classes(config, train_pairs)
    configs = [config.with_seed(number) for number in numbers]
    if resume:
        for one, its_config in zip(paths, configs, strict=True):
            Run.open(one).refuse_other_config(its_config)
    data = train_pairs, read_split(config, "dev") if config.data.dev else None, read_pretrained(config)
    query, value = (int(texts.lengths.max(initial=1)) for texts in (train_pairs.query, train_pairs.value))
    tokens = len(train_pairs.query.ids) + len(train_pairs.value.ids)
    refuse_too_large("training", training_memory(config, query, value, tokens), available_memory())
    output.detail(f"{len(train_pairs)} train pairs, {len(data[1]) if data[1] else 0} dev pairs")
    metrics = [_train(one, its_config, *data, resume, force) for one, its_config in zip(paths, configs, strict=True)]
    if seeds > 1:
        with output.results(None) as file:
            file.write(json.dumps(_summary(paths, metrics), indent=2) + "\n")


def _train(
    path: Path,
    config: Config,
    train_pairs: Pairs,
    dev_pairs: Pairs | None,
    pretrained: NDArray[np.float32] | None,
    resume: bool,
    force: bool,
) -> dict[str, float]:
    """Train one run; its dev metrics."""
    from pairlens.environment import describe_environment
    from pairlens.runs import Run

    run = Run(path) if resume else Run.create(path, config, describe_environment(config, sys.argv), force)
    output.hint("Loading TensorFlow")
    with output.silent_libraries():
        from pairlens.training import Trainer

        trainer = Trainer(config, run, pretrained)
    try:
        metrics = _fit(trainer, train_pairs, dev_pairs)
    except KeyboardInterrupt:
        output.warn(f"interrupted; the same command with --resume goes on from epoch {trainer.progress.epoch}")
        raise
    finally:
        _draw_curves(run)
    output.say(f"Wrote {path}" + "".join(f"  dev {name} {value:.4f}" for name, value in list(metrics.items())[:1]))
    if metrics:
        output.say(f"Next: pairlens evaluate {path}")
    return metrics


def _summary(paths: list[Path], metrics: list[dict[str, float]]) -> dict[str, Any]:
    """The runs, and the mean and sample standard deviation of their dev metrics."""
    values = {name: [one[name] for one in metrics] for name in metrics[0]}
    return {
        "runs": [str(path) for path in paths],
        "dev": {
            name: {"mean": statistics.fmean(numbers), "deviation": statistics.stdev(numbers)}
            for name, numbers in values.items()
        },
    }


def _fit(trainer: Trainer, train_pairs: Pairs, dev_pairs: Pairs | None) -> dict[str, float]:
    """Train, showing the current epoch as a live line and every evaluated epoch as a lasting one."""
    from pairlens.training import Evaluation

    with output.progress("{task.description}", "bar", "{task.fields[facts]}") as live:
        bar = live.add_task("starting", total=None, facts="") if live else None

        def listen(event: Step | Evaluation) -> None:
            if isinstance(event, Evaluation):
                output.say(_describe(event, trainer.metric), live)
            elif live and bar is not None:
                facts = f"loss {event.loss:.4f}  {event.pairs_per_second:,.0f} pairs/s"
                description = f"epoch {event.epoch}/{event.epochs}"
                live.update(bar, completed=event.step, total=event.steps, description=description, facts=facts)

        return trainer.fit(train_pairs, dev_pairs, listen)


def _describe(evaluation: Evaluation, metric: str) -> str:
    """One line: the metric that decides and one more; metrics.jsonl has them all."""
    names = list(dict.fromkeys([metric, *reversed(evaluation.dev)]))[:2] if evaluation.dev else []
    dev = "".join(f"  {name} {evaluation.dev[name]:.4f}" for name in names)
    speed = f"{evaluation.pairs_per_second:,.0f} pairs/s"
    return f"epoch {evaluation.epoch:>3}  loss {evaluation.loss:.4f}{dev}  {speed}{'  best' if evaluation.best else ''}"


def _draw_curves(run: Run) -> None:
    """However training ended; a picture is nothing to fail for."""
    from pairlens.curves import write_curves

    try:
        with output.silent_libraries():
            write_curves(run)
    except Exception as error:
        output.warn(f"{run.path}: the learning curves could not be drawn ({error})")
