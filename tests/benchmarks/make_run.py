"""A run directory with random weights, for the benchmarks: what a network computes costs the same trained or not.

python tests/benchmarks/make_run.py documented FOLDER [VOCABULARY]
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from workloads import VOCABULARY

from pairlens.config import Config
from pairlens.runs import Run
from pairlens.weights import weight_shapes

NETWORKS: dict[str, dict[str, Any]] = {  # `model` sections beside the defaults, which are the documentation page's
    "documented": {},
    "aligned": {
        "attention": {"direction": "both"},
        "features": ["encoding", "attention", "absolute_difference", "product"],
        "pooling": ["average", "max"],
        "dnn": {"units": [128]},
    },
}


def make_run(name: str, path: Path, vocabulary: int = VOCABULARY) -> None:
    """Write a run of the named network. Its scores differ from pair to pair, so that a wrong engine is seen."""
    model = {**NETWORKS[name], "embedding": {"input_dim": vocabulary}}
    config = Config.model_validate({"data": {"train": "none"}, "model": model})
    run = Run.create(path, config, environment={}, force=True)
    random = np.random.default_rng(1)
    run.write_weights({name: _draw(random, name, shape) for name, shape in weight_shapes(config.model).items()})


def _draw(random: np.random.Generator, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Kernels keep the size of what they multiply, and biases are small beside it."""
    deviations = {"embeddings": 1.0, "kernel": np.prod(shape[:-1]) ** -0.5, "bias": 0.1}
    deviation = deviations[name.rpartition("/")[-1]]
    return random.normal(0.0, deviation, shape).astype(np.float32)


if __name__ == "__main__":
    make_run(sys.argv[1], Path(sys.argv[2]), *map(int, sys.argv[3:]))
