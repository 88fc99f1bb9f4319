"""What training looks like: the epoch under way as a live line, every evaluated epoch as a lasting one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pairlens_cli import output

if TYPE_CHECKING:
    from pairlens.texts.pairs import Pairs
    from pairlens.training.trainer import Evaluation, Step, Trainer


def fit(trainer: Trainer, train: Pairs, dev: Pairs | None, stop: Callable[[], bool]) -> dict[str, float] | None:
    """`trainer.fit`, shown on stderr."""
    from pairlens.training.trainer import Evaluation

    with output.progress("{task.description}", "bar", "{task.fields[facts]}") as live:
        bar = live.add_task("starting", total=None, facts="") if live else None

        def listen(event: Step | Evaluation) -> None:
            if isinstance(event, Evaluation):
                output.say(_describe(event, trainer.metric), live)
            elif live and bar is not None:
                facts = f"loss {event.loss:.4f}  {event.pairs_per_second:,.0f} pairs/s"
                description = f"epoch {event.epoch}/{event.epochs}"
                live.update(bar, completed=event.step, total=event.steps, description=description, facts=facts)

        return trainer.fit(train, dev, listen, stop)


def _describe(evaluation: Evaluation, metric: str) -> str:
    """One line: the metric that decides and one more; metrics.jsonl has them all."""
    names = list(dict.fromkeys([metric, *reversed(evaluation.dev)]))[:2] if evaluation.dev else []
    dev = "".join(f"  {name} {evaluation.dev[name]:.4f}" for name in names)
    speed = f"{evaluation.pairs_per_second:,.0f} pairs/s"
    return f"epoch {evaluation.epoch:>3}  loss {evaluation.loss:.4f}{dev}  {speed}{'  best' if evaluation.best else ''}"
