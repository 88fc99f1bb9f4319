"""A config of a small network, and weights for it, for tests of the run directory."""

from __future__ import annotations

from typing import Any

import numpy as np

from pairlens.config.schema import Config
from pairlens.config.weights import weight_shapes


def make_config(**changes: Any) -> Config:
    """Network of distinct primes: 11 ids, 2 dimensions, 3 filters of 5 tokens, 7 hidden units."""
    model = {
        "embedding": {"input_dim": 11, "output_dim": 2},
        "conv": [{"filters": 3, "kernel_size": 5}],
        "dnn": {"units": [7]},
    }
    return Config.model_validate({"data": {"train": "train"}, "model": model, **changes})


def make_weights(config: Config) -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    return {
        name: random.standard_normal(shape).astype(np.float32) for name, shape in weight_shapes(config.model).items()
    }
