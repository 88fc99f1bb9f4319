"""What a config may say: its keys, their bounds and defaults. Keys carry Keras's argument names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_core.core_schema import ValidationInfo

from pairlens.config.keras import L2, EmbeddingsInitializer, Initializer, Optimizer, Orthogonal, PpmiSvd, Uniform
from pairlens.config.types import (
    Activation,
    Count,
    FilePath,
    Fraction,
    Listed,
    Natural,
    NonNegative,
    Positive,
    Section,
    Seed,
    default,
    fault,
    in_order,
    must_be,
    named,
)

TASK_METRICS: dict[str, tuple[str, ...]] = {  # a task's headline first: what `early_stopping.metric: auto` means
    "binary": (
        "accuracy",
        "precision",
        "recall",
        "f1",
        "mcc",
        "ece",
        "brier",
        "roc_auc",
        "average_precision",
        "log_loss",
    ),
    "regression": ("pearson", "spearman", "mse"),
    "multiclass": ("accuracy", "macro_f1", "mcc", "log_loss"),
    "ranking": ("map", "mrr", "ndcg_at_10", "precision_at_1"),
}


# The four parts of a config.


class DataConfig(Section):
    """Splits are path prefixes; `max_length` is in tokens."""

    train: FilePath
    dev: FilePath | None = None
    test: FilePath | None = None
    vocab: FilePath | None = None
    max_length: Count | None = None
    too_long: Literal["error", "truncate"] = "error"
    empty: Literal["error", "score"] = "error"


class EmbeddingConfig(Section):
    input_dim: Count
    output_dim: Count = 64
    mask_zero: bool = False
    embeddings_initializer: Annotated[EmbeddingsInitializer, named("uniform")] = default("uniform")
    trainable: bool = True
    pretrained: FilePath | None = None
    dropout: Fraction = 0.0
    match_channels: bool = False

    @field_validator("pretrained")
    @classmethod
    def _one_origin(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        # Equal to the default is no contradiction: a config with every default written out must load.
        if value is not None and info.data.get("embeddings_initializer", Uniform()) != Uniform():
            raise fault("null beside embeddings_initializer: the embeddings come from the one or the other")
        return value


class ConvConfig(Section):
    filters: Count = 100
    kernel_size: Count = 4
    strides: Annotated[
        int, Field(ge=1, le=1), must_be("1: an attention score stands for one token position, and strides skip some")
    ] = 1
    padding: Annotated[
        Literal["same", "causal"],
        must_be("same or causal: valid would shrink the texts, and those shorter than the kernel would vanish"),
    ] = "same"
    dilation_rate: Count = 1
    activation: Activation = "linear"
    use_bias: bool = True
    kernel_initializer: Annotated[Initializer, named("glorot_uniform")] = default("glorot_uniform")
    bias_initializer: Annotated[Initializer, named("zeros")] = default("zeros")
    kernel_regularizer: Annotated[L2 | None, named("l2")] = None

    @field_validator("bias_initializer")
    @classmethod
    def _for_a_vector(cls, value: Initializer) -> Initializer:
        if isinstance(value, Orthogonal):
            raise fault("another than orthogonal: a bias is a vector, not a matrix")
        return value

    @property
    def reach(self) -> tuple[int, int]:
        """Tokens before and after a position that the layer sees there; Keras gives "same" the longer half after."""
        width = (self.kernel_size - 1) * self.dilation_rate
        before = width if self.padding == "causal" else width // 2
        return before, width - before


class AttentionConfig(Section):
    """The arguments of tf_keras.layers.Attention, and what pairlens adds: key, direction and temperature."""

    score_mode: Literal["dot", "concat"] = "dot"
    use_scale: bool = False
    dropout: Fraction = 0.0
    use_causal_mask: bool = False
    key: Literal["value", "convolution"] = "value"
    direction: Literal["query_to_value", "both"] = "query_to_value"
    temperature: Positive = 1.0


class CompareConfig(Section):
    """A Dense layer over the features of each position, before pooling (Parikh et al. 2016, equation 3)."""

    units: Count = 100
    activation: Activation = "relu"


class DnnConfig(Section):
    """One Dense layer for each of `units`."""

    units: Annotated[tuple[Count, ...], *Listed] = (64,)
    activation: Activation = "relu"
    dropout: Fraction = 0.0


View = Literal["embedding", "convolution"]
Feature = Literal["encoding", "attention", "absolute_difference", "product"]
Pooling = Literal["average", "max"]


class ModelConfig(Section):
    masking: Literal["exact", "none"] = "exact"
    embedding: EmbeddingConfig = default({})
    conv: Annotated[tuple[ConvConfig, ...], *Listed] = default([{}])
    attention: AttentionConfig = default({})
    views: Annotated[tuple[View, ...], *Listed, in_order(View)] = ("convolution",)
    features: Annotated[tuple[Feature, ...], *Listed, in_order(Feature)] = ("encoding", "attention")
    compare: CompareConfig | None = None
    pooling: Annotated[tuple[Pooling, ...], *Listed, in_order(Pooling)] = ("average",)
    overlap: bool = False
    dnn: DnnConfig = default({})
    symmetric: bool = False
    classes: Count | None = None

    @property
    def view_widths(self) -> dict[View, int]:
        """The columns of each view of a text; without convolutions the embedding is the only one."""
        widths: dict[View, int] = {}
        if "embedding" in self.views or not self.conv:
            widths["embedding"] = self.embedding.output_dim + (2 if self.embedding.match_channels else 0)
        if "convolution" in self.views and self.conv:
            widths["convolution"] = self.conv[-1].filters
        return widths


class EarlyStopping(Section):
    metric: str = "auto"
    patience: Natural = 3
    min_delta: NonNegative = 0.0


Loss = Literal["cross_entropy", "mse", "mae", "huber", "pairwise"]
TASK_LOSSES: dict[str, tuple[Loss, ...]] = {  # a task's natural loss first: what `loss: auto` means
    "binary": ("cross_entropy",),
    "regression": ("mse", "mae", "huber"),
    "multiclass": ("cross_entropy",),
    "ranking": ("cross_entropy", "pairwise"),
}


class Schedule(Section):
    """The learning rate's course: up from 0 in the first `warmup` (a fraction of all steps), then as `name` says."""

    name: Literal["constant", "linear", "cosine"] = "constant"
    warmup: Fraction = 0.0


class Checkpoints(Section):
    """How often what --resume needs is saved; `every_steps` comes on top, and is exact."""

    every_minutes: Positive = 1.0
    every_steps: Count | None = None


class WordDropout(Section):
    """The share of the words of a single query that an epoch reads as `unknown_id`; see word_dropout.py."""

    rate: Fraction = 0.0
    unknown_id: Natural = 1


class TrainingConfig(Section):
    epochs: Count = 10
    batch_size: Count = 256
    accumulate: Count = 1
    warm_start: FilePath | None = None
    optimizer: Annotated[Optimizer, named("adam")] = default("adam")
    loss: Literal["auto"] | Loss = "auto"
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


class Config(Section):
    """A whole config. Only `data.train` and `model.embedding.input_dim` have no default."""

    task: Literal["binary", "regression", "multiclass", "ranking"] = "binary"
    data: DataConfig = default({})
    model: ModelConfig = default({})
    training: TrainingConfig = default({})

    @model_validator(mode="after")
    def _no_contradictions(self) -> Self:
        faults = [f"{'.'.join(location)}: must be {must_be}" for location, must_be in contradictions(self.model_dump())]
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
        initializer = self.model.embedding.embeddings_initializer
        return isinstance(initializer, PpmiSvd) and initializer.spelling > 0 and self.training.warm_start is None

    def with_seed(self, seed: int) -> Config:
        return self.model_copy(update={"training": self.training.model_copy(update={"seed": seed})})

    def warnings(self) -> list[str]:
        """Settings that are allowed and probably not meant, one line each."""
        found: list[str] = []
        if self.model.attention.use_causal_mask:
            found.append(
                "model.attention.use_causal_mask: true hides value position j from query position i < j, "
                "but the positions of two texts are not one sequence"
            )
        if self.starts_from_spelling and not self.data.vocab:
            found.append(
                "model.embedding.embeddings_initializer.spelling: without data.vocab no word has a spelling, "
                "so embeddings start from the company of words alone"
            )
        if not self.data.dev:
            found.append("data.dev: none, so the last epoch's weights are kept, unmeasured")
        return found


def contradictions(raw: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Values that are right alone and wrong beside another section's: (location, what it must be).

    Looks at raw values, so that a fault elsewhere does not hide them.
    """

    def get(*location: str) -> Any:
        value: Any = raw
        for key in location:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value

    unmasked = get("model", "masking") == "none"
    if unmasked and get("model", "embedding", "mask_zero") is True:
        yield (
            ("model", "embedding", "mask_zero"),
            "false with model.masking: none, where Conv1D drops the mask that it makes",
        )
    if unmasked and get("data", "empty") == "score":
        yield ("data", "empty"), "error with model.masking: none, where an empty text is scored as its padding"
    for location in (("model", "embedding", "match_channels"), ("model", "overlap")):
        if unmasked and get(*location) is True:
            yield location, "false with model.masking: none, which is the page's network and where padding would match"
    if raw.get("task", "binary") != "multiclass" and get("model", "classes") is not None:
        yield ("model", "classes"), "null unless task is multiclass"
    if get("model", "attention", "key") == "convolution" and get("model", "conv") in ([], ()):
        yield ("model", "attention", "key"), "value with model.conv: [], where no convolution can make keys"
    if list(get("model", "views") or []) == ["embedding"] and get("model", "conv") not in ([], ()):
        yield ("model", "views"), "with convolution, unless model.conv is []: the convolutions would have no effect"
    task, loss = raw.get("task", "binary"), get("training", "loss")
    if task in list(TASK_LOSSES) and isinstance(loss, str) and loss not in ("auto", *TASK_LOSSES[task]):
        yield ("training", "loss"), f"auto or one of {', '.join(TASK_LOSSES[task])} with task: {task}"
    if task == "regression" and get("training", "class_weight") is not None:
        yield ("training", "class_weight"), "null with task: regression, which has no classes"
    if get("training", "optimizer", "lazy") is True and get("training", "accumulate") not in (None, 1):
        yield ("training", "accumulate"), "1 with training.optimizer.lazy: gathered gradients hold every row"
    dropped, unknown = (get("training", "word_dropout", key) for key in ("rate", "unknown_id"))
    input_dim = get("model", "embedding", "input_dim")
    if dropped and isinstance(unknown, int) and isinstance(input_dim, int) and unknown >= input_dim > 0:
        yield ("training", "word_dropout", "unknown_id"), f"below model.embedding.input_dim, {input_dim}"
    metric = get("training", "early_stopping", "metric")
    if task in list(TASK_METRICS) and isinstance(metric, str) and metric not in ("auto", *TASK_METRICS[task]):
        allowed = ", ".join(TASK_METRICS[task])
        yield ("training", "early_stopping", "metric"), f"auto or one of {allowed} with task: {task}"
