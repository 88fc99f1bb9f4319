"""The dense layer `compare` of every position's features, in the parts in which the scorer computes it.

Two of the features are linear in the encodings: a token's own, and the mean of the other text's that it attended to. So
their products need not be made of every position: they are sums of projections of tokens, own and other, and the
projection of an embedding is made once per word. That leaves half of the layer's multiplications.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairlens.config.model import LINEAR_FEATURES, ModelConfig

Floats = NDArray[np.float32]


class Comparison(NamedTuple):
    """The layer's parts; P is `units` times the number of linear features."""

    words: Floats  # [output_dim, P], of an embedding; no rows without that view
    tokens: Floats  # [other columns of an encoding, P]
    positions: Floats  # [columns of the other features, units]
    bias: Floats  # [units]


def split_comparison(model: ModelConfig, weights: Mapping[str, Floats]) -> Comparison:
    """The parts of a model's layer `compare`; empty if there is none."""
    if not model.compare:
        no_matrix = np.zeros((0, 0), np.float32)
        return Comparison(no_matrix, no_matrix, no_matrix, np.zeros(0, np.float32))
    kernel, width = weights["compare/kernel"], sum(model.view_widths.values())
    linear = width * sum(feature in model.features for feature in LINEAR_FEATURES)
    parts = kernel[:linear].reshape(-1, width, model.compare.units)
    projections = np.concatenate([np.zeros((width, 0), np.float32), *parts], axis=1)
    words = model.embedding.output_dim if "embedding" in model.view_widths else 0
    return Comparison(projections[:words].copy(), projections[words:].copy(), kernel[linear:], weights["compare/bias"])
