"""Initializers, regularizers and optimizers, by Keras's names and with Keras's arguments."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_core.core_schema import ValidationInfo

from pairlens.config.types import (
    Count,
    FilePath,
    Fraction,
    NonNegative,
    NonPositive,
    Positive,
    Real,
    Section,
    fault,
    must_be,
)

# Initializers: `name` and the arguments of the Keras initializer.


class Uniform(Section):
    """Keras's RandomUniform from -scale to scale."""

    name: Literal["uniform"] = "uniform"
    scale: NonNegative = 0.05


class Normal(Section):
    """Keras's RandomNormal and TruncatedNormal, around 0."""

    name: Literal["normal", "truncated_normal"] = "normal"
    stddev: NonNegative = 0.05


class Constant(Section):
    name: Literal["constant"] = "constant"
    value: Real = 0.0


class Orthogonal(Section):
    name: Literal["orthogonal"] = "orthogonal"
    gain: Real = 1.0


class PlainInitializer(Section):
    """The initializers without arguments."""

    name: Literal[
        "zeros", "ones", "glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_uniform", "lecun_normal"
    ]


Initializer = Annotated[Uniform | Normal | Constant | Orthogonal | PlainInitializer, Field(discriminator="name")]


class PpmiSvd(Section):
    """Not in Keras: embedding directions from word co-occurrence in the train texts; see ppmi.py.

    `spelling` is the weight of the words' spelling in the vocabulary relative to co-occurrence. `vectors` is a file of
    word vectors, whose numbers are appended: they are the last of an embedding's `output_dim`.
    """

    name: Literal["ppmi_svd"] = "ppmi_svd"
    stddev: Positive = 1.0
    window: Count = 5
    spelling: NonNegative = 0.0
    vectors: FilePath | None = None


EmbeddingsInitializer = Annotated[
    Uniform | Normal | Constant | Orthogonal | PlainInitializer | PpmiSvd, Field(discriminator="name")
]


class L2(Section):
    name: Literal["l2"] = "l2"
    l2: NonNegative = 0.01


# Optimizers: `name` and the arguments of the Keras optimizer, with Keras's defaults.


class OptimizerSection(Section):
    """The arguments of every optimizer."""

    name: str
    learning_rate: Positive = 1e-3
    weight_decay: NonNegative | None = None
    clipnorm: Positive | None = None
    clipvalue: Positive | None = None
    global_clipnorm: Positive | None = None

    @field_validator("global_clipnorm")
    @classmethod
    def _one_norm(cls, value: float | None, info: ValidationInfo) -> float | None:
        if value is not None and info.data.get("clipnorm") is not None:
            raise fault("null with clipnorm: gradients are clipped by one norm, each its own or that of all")
        return value


class _Moments(OptimizerSection):
    beta_1: Fraction = 0.9
    beta_2: Fraction = 0.999
    epsilon: NonNegative = 1e-7


class Adam(_Moments):
    """Keras's Adam and `lazy`: only embedding rows whose ids occur in a batch are updated (see embedding_rows.py)."""

    name: Literal["adam"] = "adam"
    amsgrad: bool = False
    adaptive_epsilon: bool = False
    lazy: bool = False

    @field_validator("lazy")
    @classmethod
    def _plain(cls, value: bool, info: ValidationInfo) -> bool:
        others = ("weight_decay", "amsgrad", "adaptive_epsilon")
        if value and (set_ := [name for name in others if info.data.get(name)]):
            raise fault(f"false with {set_[0]}, which updates every row")
        return value


class AdamW(_Moments):
    name: Literal["adamw"] = "adamw"
    weight_decay: NonNegative = 0.004
    amsgrad: bool = False


class Nadam(_Moments):
    name: Literal["nadam"] = "nadam"


class Adamax(_Moments):
    name: Literal["adamax"] = "adamax"


class SGD(OptimizerSection):
    name: Literal["sgd"] = "sgd"
    learning_rate: Positive = 0.01
    momentum: Fraction = 0.0
    nesterov: bool = False


class RMSprop(OptimizerSection):
    name: Literal["rmsprop"] = "rmsprop"
    rho: Fraction = 0.9
    momentum: Fraction = 0.0
    epsilon: NonNegative = 1e-7
    centered: bool = False


class Adagrad(OptimizerSection):
    name: Literal["adagrad"] = "adagrad"
    initial_accumulator_value: NonNegative = 0.1
    epsilon: NonNegative = 1e-7


class Adadelta(OptimizerSection):
    name: Literal["adadelta"] = "adadelta"
    rho: Fraction = 0.95
    epsilon: NonNegative = 1e-7


class Lion(OptimizerSection):
    name: Literal["lion"] = "lion"
    learning_rate: Positive = 1e-4
    beta_1: Annotated[float, Field(gt=0, le=1), must_be("a number > 0 and ≤ 1")] = 0.9
    beta_2: Fraction = 0.99


class Ftrl(OptimizerSection):
    name: Literal["ftrl"] = "ftrl"
    learning_rate_power: NonPositive = -0.5
    initial_accumulator_value: NonNegative = 0.1
    l1_regularization_strength: NonNegative = 0.0
    l2_regularization_strength: NonNegative = 0.0
    l2_shrinkage_regularization_strength: NonNegative = 0.0
    beta: NonNegative = 0.0


Optimizer = Annotated[
    Adam | AdamW | Nadam | Adamax | SGD | RMSprop | Adagrad | Adadelta | Lion | Ftrl, Field(discriminator="name")
]
