"""The dense layer `compare` over the features of each position, split into the parts that the scorer computes.

Two of the features are linear in the encodings: a token's own encoding, and what it attended to, a weighted mean of the
other text's encodings. Their part of the layer is a weighted sum of projected tokens, and an embedding is projected
once per word instead of once per position. That saves half of the layer's multiplications.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairlens.config.model import LINEAR_FEATURES, ModelConfig

Floats = NDArray[np.float32]


class Comparison(NamedTuple):
    """The layer's weights in parts; P is `units` times the number of linear features."""

    words: Floats  # [output_dim, P], for the embedding's columns of an encoding; no rows without that view
    tokens: Floats  # [other columns of an encoding, P]
    positions: Floats  # [columns of the features that are not linear, units]
    bias: Floats  # [units]


def split_comparison(model: ModelConfig, weights: Mapping[str, Floats]) -> Comparison:
    """Split the weights of a model's layer `compare`; all parts are empty if it has none."""
    if not model.compare:
        no_matrix = np.zeros((0, 0), np.float32)
        return Comparison(no_matrix, no_matrix, no_matrix, np.zeros(0, np.float32))
    kernel, width = weights["compare/kernel"], sum(model.view_widths.values())
    linear = width * sum(feature in model.features for feature in LINEAR_FEATURES)
    parts = kernel[:linear].reshape(-1, width, model.compare.units)
    projections = np.concatenate([np.zeros((width, 0), np.float32), *parts], axis=1)
    words = model.embedding.output_dim if "embedding" in model.view_widths else 0
    return Comparison(projections[:words].copy(), projections[words:].copy(), kernel[linear:], weights["compare/bias"])
