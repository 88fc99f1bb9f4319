"""Make the plan of a model: one record of numbers with everything that the kernels need to know about it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from pairlens.config.model import FEATURES, LINEAR_FEATURES, POOLINGS, ModelConfig
from pairlens.kernels.plan import PLAN


def make_plan(model: ModelConfig, weights: Mapping[str, NDArray[np.float32]]) -> NDArray[np.void]:
    """The plan of a model, a record [1] of type PLAN."""
    plan = np.zeros(1, PLAN)
    conv = model.conv[0] if model.conv else None
    if conv is not None:
        plan["kernel_size"], plan["dilation"], plan["left"] = conv.kernel_size, conv.dilation_rate, conv.reach[0]
        plan["relu"] = conv.activation == "relu"
    plan["mask_zero"] = model.embedding.mask_zero
    plan["match"] = model.embedding.match_channels
    plan["own_key"] = model.attention.key == "convolution"
    plan["embedding_columns"] = model.view_widths.get("embedding", 0)
    plan["dim"] = model.embedding.output_dim
    plan["encoded"] = conv is not None and (len(model.conv) > 1 or conv.activation not in ("linear", "relu"))
    plan["dot"] = model.attention.score_mode == "dot"
    plan["causal"] = model.attention.use_causal_mask
    plan["both"] = model.attention.direction == "both"
    plan["scale"] = weights.get("attention/scale", 1.0)
    plan["concat_score_weight"] = weights.get("attention/concat_score_weight", 1.0)
    plan["temperature"] = model.attention.temperature
    for names, chosen in ((FEATURES, model.features), (POOLINGS, model.pooling)):
        for name in names:
            plan[name] = chosen.index(name) if name in chosen else -1
    plan["features"], plan["poolings"] = len(model.features), len(model.pooling)
    plan["linear_features"] = sum(feature in LINEAR_FEATURES for feature in model.features)
    return plan
