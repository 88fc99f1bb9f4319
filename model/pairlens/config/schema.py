"""A whole config: its four sections, and what depends on more than one of them."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import ConfigDict, ValidationInfo, model_validator

from pairlens.config.contradictions import contradictions
from pairlens.config.idle import idle_settings
from pairlens.config.keras import PpmiSvd
from pairlens.config.model import ModelConfig
from pairlens.config.tasks import TASK_METRICS, Task
from pairlens.config.training import TrainingConfig
from pairlens.config.types import Count, FilePath, FilePaths, Section, default
from pairlens.locations.location import Location

OF_RUN = "of_run"  # validation context: the config of an existing run, in which idle settings are allowed


class DataConfig(Section):
    """Splits are path prefixes, train one or several; `max_length` is in tokens."""

    train: FilePaths
    dev: FilePath | None = None
    test: FilePath | None = None
    vocab: FilePath | None = None
    tokenizer: FilePath | None = None
    classes: FilePath | None = None
    max_length: Count | None = None
    too_long: Literal["error", "truncate"] = "error"
    empty: Literal["error", "score"] = "error"

    def prefixes(self, split: str) -> tuple[Location, ...]:
        """The prefixes of a split's files; none if it is not set."""
        prefix = getattr(self, split)
        return prefix if isinstance(prefix, tuple) else () if prefix is None else (prefix,)

    def named(self, split: str) -> str:
        """The prefixes of a split, for a message."""
        return ", ".join(map(str, self.prefixes(split)))


class Config(Section):
    """A whole config. Only `data.train` and `model.embedding.input_dim` have no default."""

    model_config = ConfigDict(json_schema_extra={"required": ["data", "model"]})

    task: Task = "binary"
    data: DataConfig = default({})
    model: ModelConfig = default({})
    training: TrainingConfig = default({})

    @model_validator(mode="after")
    def _no_contradictions(self, info: ValidationInfo) -> Self:
        raw, of_run = self.model_dump(), bool(info.context and info.context.get(OF_RUN))
        found = [*contradictions(raw), *(() if of_run else idle_settings(raw))]
        faults = [f"{'.'.join(map(str, location))}: must be {must_be}" for location, must_be in found]
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @property
    def decisive_metric(self) -> str:
        """The dev metric that early stopping watches, and by which the best weights are chosen."""
        stopping = self.training.early_stopping
        return TASK_METRICS[self.task][0] if stopping is None or stopping.metric == "auto" else stopping.metric

    @property
    def starts_from_spelling(self) -> bool:
        """Whether the first embeddings depend on the words of `data.vocab`; those of a warm start do not."""
        initializer, training = self.model.embedding.embeddings_initializer, self.training
        spelled = isinstance(initializer, PpmiSvd) and initializer.spelling > 0
        return spelled and (training.warm_start is None or training.warm_start_words)

    def with_seed(self, seed: int) -> Config:
        return self.model_copy(update={"training": self.training.model_copy(update={"seed": seed})})

    def warnings(self) -> list[str]:
        """One line for each setting that is allowed but probably not intended."""
        found: list[str] = []
        if self.model.attention.use_causal_mask:
            found.append(
                "model.attention.use_causal_mask: true hides value position j from query position i < j, "
                "but the positions of two texts are not one sequence"
            )
        if self.model.features == ("encoding",):
            found.append(
                "model.features: encoding alone uses no attention, so neither text looks at the other"
                + ("" if self.model.attention.direction == "both" else ", and the value does not matter at all")
            )
        if self.starts_from_spelling and not self.data.vocab:
            found.append(
                "model.embedding.embeddings_initializer.spelling: without data.vocab no word has a spelling, "
                "so the embeddings start from word co-occurrence alone"
            )
        if not self.data.dev:
            found.append("data.dev: not set, so the weights of the last epoch are kept without evaluating them")
        return found
