"""The training section of a config: how the weights are trained, not what the network computes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pairlens.config.keras import Optimizer
from pairlens.config.tasks import Loss
from pairlens.config.types import (
    Count,
    FilePath,
    Fraction,
    Natural,
    NonNegative,
    Positive,
    Section,
    Seed,
    default,
    must_be,
    named,
)


class EarlyStopping(Section):
    metric: str = "auto"
    patience: Natural = 3
    min_delta: NonNegative = 0.0


class Schedule(Section):
    """The learning rate over time: it rises from 0 during `warmup`, a fraction of all steps, then follows `name`."""

    name: Literal["constant", "linear", "cosine"] = "constant"
    warmup: Fraction = 0.0


class Checkpoints(Section):
    """How often a checkpoint for --resume is saved; `every_steps` is in addition, and exact."""

    every_minutes: Positive = 1.0
    every_steps: Count | None = None


class WordDropout(Section):
    """The share of the words occurring with one query only that an epoch reads as `unknown_id`; see word_dropout.py."""

    rate: Fraction = 0.0
    unknown_id: Natural = 1


class TrainingConfig(Section):
    epochs: Count = 10
    batch_size: Count = 256
    accumulate: Count = 1
    warm_start: FilePath | None = None
    warm_start_words: bool = False
    optimizer: Annotated[Optimizer, named("adam")] = default("adam")
    loss: Literal["auto"] | Loss = "auto"
    negatives: Count | None = None
    label_smoothing: Fraction = 0.0
    word_dropout: WordDropout = default({})
    class_weight: Annotated[
        Literal["balanced"] | Annotated[tuple[NonNegative, ...], Field(strict=False)] | None,
        must_be("balanced, or a list with a weight ≥ 0 for each class"),
    ] = None
    schedule: Annotated[Schedule, named("constant")] = default("constant")
    early_stopping: EarlyStopping | None = default({})
    checkpoint: Checkpoints = default({})
    seed: Seed = 1
