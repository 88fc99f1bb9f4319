"""pairlens train: a config and data in, a run directory out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pairlens.errors import UsageError
from pairlens_cli import options, output

if TYPE_CHECKING:
    from pairlens.pairs import Pairs
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
) -> None:
    """Train a model and write a run directory, which every other command takes."""
    from pairlens.config_file import load_config
    from pairlens.environment import describe_environment
    from pairlens.runs import Run
    from pairlens.splits import read_pretrained, read_split, with_classes

    if resume and force:
        raise UsageError("--resume continues a run and --force replaces it; give one of them")
    overrides = [*(set_ or []), *([] if seed is None else [f"training.seed={seed}"])]
    config = load_config(config_file, overrides)
    path = run_directory or Path("runs") / config_file.stem
    if not resume:
        Run.refuse_existing(path, force)
    for warning in config.warnings():
        output.warn(warning)

    train_pairs = read_split(config, "train")
    config = with_classes(config, train_pairs)
    if resume:
        Run.open(path).refuse_other_config(config)
    dev_pairs = read_split(config, "dev") if config.data.dev else None
    pretrained = read_pretrained(config)
    output.detail(f"{len(train_pairs)} train pairs, {len(dev_pairs) if dev_pairs else 0} dev pairs")
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
    output.say(f"Wrote {path}" + "".join(f"  dev {name} {value:.4f}" for name, value in list(metrics.items())[:1]))
    if metrics:
        output.say(f"Next: pairlens evaluate {path}")


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
