"""The weights of the train pairs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pairlens.config.schema import Config
from pairlens.errors import DataError
from pairlens.texts.pairs import Pairs
from pairlens.texts.soft_labels import is_soft, shares


def pair_weights(config: Config, pairs: Pairs) -> NDArray[np.float32]:
    """The weight of each pair, float32 [pairs] with mean 1: its class's weight times its own.

    A pair with probabilities as label has the mean of its classes' weights, each times the class's probability.

    Raises:
        DataError: `class_weight` does not have one weight for each class, or the weights of all pairs add up to 0 or
            infinity.
    """
    assert pairs.label is not None
    weight = np.ones(len(pairs)) if pairs.weight is None else pairs.weight.astype(np.float64)
    if config.training.class_weight is not None:
        weight *= _class_weights(config, pairs.label)
    if not np.isfinite(weight.sum()):
        raise DataError(
            f"{config.data.named('train')}: the weights of its pairs add up to infinity; divide all by the same number"
        )
    if not weight.any():
        raise DataError(
            f"{config.data.named('train')}: every pair has weight 0, its own or its class's; there is nothing to learn"
        )
    scaled: NDArray[np.float64] = weight / weight.mean()
    return scaled.astype(np.float32)


def _class_weights(config: Config, label: NDArray[np.float32]) -> NDArray[np.float64]:
    """The weight of each pair's class [pairs]; with `balanced`, all classes have the same total weight."""
    chosen = config.training.class_weight
    index = None if is_soft(label) else label.astype(np.int64)
    counts = shares(label).sum(axis=0) if index is None else np.bincount(index, minlength=config.model.classes or 2)
    of_class = len(label) / (len(counts) * np.maximum(counts, 1)) if chosen == "balanced" else np.array(chosen)
    if len(of_class) != len(counts):
        raise DataError(
            f"training.class_weight: {len(of_class)} weights, but the labels have {len(counts)} classes; give one each"
        )
    weights: NDArray[np.float64] = shares(label) @ of_class if index is None else of_class[index]
    return weights
