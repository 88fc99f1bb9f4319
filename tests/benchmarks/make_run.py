"""Make a run directory with random weights for the benchmarks; trained weights would take the same time.

python tests/benchmarks/make_run.py documented|features|aligned[-lazy] FOLDER [VOCABULARY]
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from workloads import VOCABULARY

from pairlens.config.file import load_config
from pairlens.config.weights import weight_shapes
from pairlens.runs.run import Run

CONFIGS = Path(__file__).parents[2] / "configs"
NETWORKS = {  # the config, and the changes to it
    "documented": ("documented", []),
    # Every feature of both texts, average and maximum: 1,600 inputs of the DNN.
    "features": (
        "documented",
        [
            "model.attention.direction=both",
            "model.features=[encoding, attention, absolute_difference, product]",
            "model.pooling=[average, max]",
            "model.dnn.units=128",
        ],
    ),
    # Overlap and word dropout are computed outside the network, so no engine is compared on them.
    "aligned": ("aligned", ["model.overlap=false", "model.wide=false", "training.word_dropout.rate=0"]),
}
LAZY = "-lazy"  # suffix of a network's name: Adam updates only the embedding rows of a batch


def make_run(name: str, path: Path, vocabulary: int = VOCABULARY) -> None:
    """Write a run of the named network. Its scores differ between pairs, so that errors of an engine show."""
    network = name.removesuffix(LAZY)
    config_name, changes = NETWORKS[network]
    lazy = f"training.optimizer.lazy={str(name != network).lower()}"
    config = load_config(CONFIGS / f"{config_name}.yaml", [*changes, lazy, f"model.embedding.input_dim={vocabulary}"])
    run = Run.create(path, config, environment={}, force=True)
    random = np.random.default_rng(1)
    run.write_weights({name: _draw(random, name, shape) for name, shape in weight_shapes(config.model).items()})


def _draw(random: np.random.Generator, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Random weights: kernels preserve the scale of their inputs, and biases are small."""
    deviations = {"embeddings": 1.0, "idf": 0.5, "kernel": np.prod(shape[:-1]) ** -0.5, "bias": 0.1}
    return random.normal(0.0, deviations[name.rpartition("/")[-1]], shape).astype(np.float32)


if __name__ == "__main__":
    make_run(sys.argv[1], Path(sys.argv[2]), *map(int, sys.argv[3:]))
