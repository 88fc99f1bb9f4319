"""A model's weights: their names and shapes, as in weights.npz, and their fingerprint."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pairlens.config.model import OVERLAP_FEATURES, ModelConfig
from pairlens.config.schema import Config

Shape = tuple[int, ...]

# Keys of the model section that only say where the initial embeddings came from.
ORIGINS: dict[str, Any] = {"embedding": {"pretrained": True, "embeddings_initializer": {"vectors"}}}


def weight_shapes(model: ModelConfig) -> dict[str, Shape]:
    """The shape of every weight of a model by name, in data-flow order."""
    shapes: dict[str, Shape] = {"embedding/embeddings": (model.embedding.input_dim, model.embedding.output_dim)}
    inputs = model.embedding.output_dim + (2 if model.embedding.match_channels else 0)
    for stack in ["conv", "key_conv"] if model.attention.key == "convolution" else ["conv"]:
        filters = inputs
        for i, conv in enumerate(model.conv):
            shapes[f"{stack}/{i}/kernel"] = (conv.kernel_size, filters, conv.filters)
            if conv.use_bias:
                shapes[f"{stack}/{i}/bias"] = (conv.filters,)
            filters = conv.filters
    if model.attention.use_scale:
        shapes["attention/scale"] = ()
    if model.attention.score_mode == "concat":
        shapes["attention/concat_score_weight"] = ()
    if model.embedding.match_channels or model.overlap:
        shapes["tokens/idf"] = (model.embedding.input_dim,)
    if model.overlap:
        shapes |= {"overlap/mean": (OVERLAP_FEATURES,), "overlap/deviation": (OVERLAP_FEATURES,)}
    width = sum(model.view_widths.values()) * len(model.features)
    if model.compare:
        shapes |= {"compare/kernel": (width, model.compare.units), "compare/bias": (model.compare.units,)}
        width = model.compare.units
    width *= len(model.pooling) * (2 if model.attention.direction == "both" else 1)
    width += OVERLAP_FEATURES if model.overlap else 0
    for i, units in enumerate(model.dnn.units):
        shapes |= {f"dnn/{i}/kernel": (width, units), f"dnn/{i}/bias": (units,)}
        width = units
    width += OVERLAP_FEATURES if model.wide else 0
    classes = model.classes or 1
    return shapes | {"head/kernel": (width, classes), "head/bias": (classes,)}


def fingerprint(config: Config, weights: Mapping[str, NDArray[np.float32]]) -> str:
    """SHA-256 of everything that decides a score: task, model section and weights; the same on every machine.

    Keys with their default value are left out, so that new keys of a later version change nothing. So are the paths
    `pretrained` and `vectors`, which only say where the initial embeddings came from.
    """
    model = config.model.model_dump(mode="json", exclude_defaults=True, exclude=ORIGINS)
    digest = hashlib.sha256(json.dumps([config.task, model], sort_keys=True).encode())
    for name, weight in sorted(weights.items()):
        digest.update(json.dumps([name, weight.shape]).encode())
        digest.update(np.ascontiguousarray(weight, "<f4").data)
    return digest.hexdigest()
