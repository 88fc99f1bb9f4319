"""What is known of a trial that counts."""

from __future__ import annotations

from typing import Literal, NamedTuple

from pairlens.jobs.tune.space import Value

State = Literal["finished", "pruned", "refused"]  # refused: the config, or its training, is not possible


class Trial(NamedTuple):
    """A trial that counts.

    Attributes:
        number: from 1.
        attempt: unique among all attempts; the name of its run.
        value: the decisive metric of its best weights on dev, None unless it is finished.
        values: the value of each key.
        dev: every metric on dev.
        epochs: how many were trained.
        reason: why it was refused.
    """

    number: int
    attempt: int
    state: State
    value: float | None
    values: dict[str, Value]
    dev: dict[str, float | None]
    epochs: int
    seconds: float
    reason: str | None
