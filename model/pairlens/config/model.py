"""The model section of a config: everything that decides what a network computes. Keys carry Keras's argument names."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import ConfigDict, Field, field_validator
from pydantic_core.core_schema import ValidationInfo

from pairlens.config.keras import L2, EmbeddingsInitializer, Initializer, Orthogonal, Uniform
from pairlens.config.types import (
    Activation,
    Count,
    FilePath,
    Fraction,
    Listed,
    Positive,
    Section,
    default,
    fault,
    in_order,
    must_be,
    named,
)
from pairlens.locations.location import Location

View = Literal["embedding", "convolution"]
Feature = Literal["encoding", "attention", "absolute_difference", "product"]
Pooling = Literal["average", "max"]

# In the order of the DNN's input, whatever the order in a config.
FEATURES: tuple[Feature, ...] = get_args(Feature)
POOLINGS: tuple[Pooling, ...] = get_args(Pooling)
LINEAR_FEATURES: tuple[Feature, ...] = ("encoding", "attention")  # those that are linear in the encodings
OVERLAP_FEATURES = 15  # listed in texts/overlap.py
WIDE_LIMIT = 4.0  # deviations from the mean; a wide head is linear, so a pair unlike all of train must not decide alone


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
    def _one_origin(cls, value: Location | None, info: ValidationInfo) -> Location | None:
        # A value equal to the default is allowed: a config with every default written out must load.
        if value is not None and info.data.get("embeddings_initializer", Uniform()) != Uniform():
            raise fault("null with embeddings_initializer: the embeddings can start from only one of the two")
        return value


class ConvConfig(Section):
    filters: Count = 100
    kernel_size: Count = 4
    strides: Annotated[
        int, Field(ge=1, le=1), must_be("1: an attention score belongs to one token position, and strides skip some")
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
            raise fault("any initializer but orthogonal: a bias is a vector, not a matrix")
        return value

    @property
    def reach(self) -> tuple[int, int]:
        """Tokens that the layer sees before and after a position; with "same", Keras puts the longer half after."""
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


class ModelConfig(Section):
    model_config = ConfigDict(json_schema_extra={"required": ["embedding"]})

    masking: Literal["exact", "none"] = "exact"
    embedding: EmbeddingConfig = default({})
    conv: Annotated[tuple[ConvConfig, ...], *Listed] = default([{}])
    attention: AttentionConfig = default({})
    views: Annotated[tuple[View, ...], *Listed, in_order(View)] = ("convolution",)
    features: Annotated[tuple[Feature, ...], *Listed, in_order(Feature)] = ("encoding", "attention")
    compare: CompareConfig | None = None
    pooling: Annotated[tuple[Pooling, ...], *Listed, in_order(Pooling)] = ("average",)
    overlap: bool = False
    wide: bool = False
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
