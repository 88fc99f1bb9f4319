"""What a training tells its callbacks, in order: Began, Step and Evaluation, Finished.

Every event is told before a checkpoint that includes it is written. So a training that was killed and is resumed tells
some steps again, but leaves none out. One that is resumed when it is finished tells Began and Finished again.

A callback can change neither the training nor what the run records: metrics are copies, arrays are read-only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from pairlens.config.schema import Config
from pairlens.runs.json_files import settings
from pairlens.texts.pairs import Pairs
from pairlens.texts.texts import Texts

Numbers = TypeVar("Numbers", bound=np.generic)


def _read_only(array: NDArray[Numbers]) -> NDArray[Numbers]:
    view = np.asarray(array).view()  # TensorFlow gives a variable without axes as a number
    view.flags.writeable = False
    return view


def _read_only_pairs(pairs: Pairs) -> Pairs:
    query, value = (Texts(_read_only(side.ids), _read_only(side.offsets)) for side in (pairs.query, pairs.value))
    label, group, weight = pairs.label, pairs.group, pairs.weight
    return Pairs(
        query,
        value,
        None if label is None else _read_only(label),
        None if group is None else _read_only(group),
        None if weight is None else _read_only(weight),
    )


@dataclass(frozen=True, slots=True)
class Began:
    """A training begins, or goes on from a checkpoint.

    Attributes:
        run: the run directory; one that replaces another is RUN.new until its first weights are written.
        global_step: the number of steps that were trained before.
        train, dev: the pairs, with read-only arrays; `dev` is None without a dev split.
    """

    run: Path
    config: Config
    global_step: int
    train: Pairs = field(repr=False)
    dev: Pairs | None = field(repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "train", _read_only_pairs(self.train))
        object.__setattr__(self, "dev", self.dev and _read_only_pairs(self.dev))

    @property
    def settings(self) -> dict[str, Any]:
        """Every value of the config by its dotted key, such as `training.epochs`."""
        return settings(self.config)


@dataclass(frozen=True, slots=True)
class Step:
    """A finished batch: `step` of `steps` in `epoch` of `epochs`, from 1; the epoch's mean loss and speed so far.

    `global_step` counts the steps of all epochs, from 1.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    global_step: int
    loss: float
    learning_rate: float
    pairs_per_second: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A finished, evaluated epoch.

    Attributes:
        global_step: that of the epoch's last step.
        dev: the dev metrics by name; empty without a dev split.
        best: whether these weights are the best so far, which the run directory keeps.
        weights: the network's float32 weights by name, as in weights.npz; the arrays are read-only.
    """

    epoch: int
    global_step: int
    loss: float
    pairs_per_second: float
    dev: dict[str, float]
    best: bool
    weights: Mapping[str, NDArray[np.float32]] = field(repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", {name: _read_only(array) for name, array in self.weights.items()})

    def line(self) -> dict[str, Any]:
        """The epoch's line of metrics.jsonl, which shares nothing with the event."""
        names = ("epoch", "loss", "pairs_per_second", "dev", "best")
        return {name: getattr(self, name) for name in names} | {"dev": dict(self.dev)}


@dataclass(frozen=True, slots=True)
class Finished:
    """A training is finished; `metrics` are the dev metrics of its best weights, empty without a dev split."""

    run: Path
    metrics: dict[str, float]

    def __post_init__(self) -> None:
        object.__setattr__(self, "metrics", dict(self.metrics))


Event = Began | Step | Evaluation | Finished
Callback = Callable[[Event], object]
