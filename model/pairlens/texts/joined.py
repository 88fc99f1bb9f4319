"""The pairs of several files as one set of pairs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pairlens.texts.pairs import Pairs
from pairlens.texts.soft_labels import one_hot
from pairlens.texts.texts import Texts


def joined(parts: Sequence[Pairs]) -> Pairs:
    """The labelled pairs of all parts, in order.

    Pairs of a part without weights weigh 1. Groups keep to their part: they are numbered anew, from 0. They are left
    out unless every part has some. If one part has rows of probabilities, the classes of others become such rows.
    """
    if len(parts) == 1:
        return parts[0]
    return Pairs(
        Texts.concatenate([part.query for part in parts]),
        Texts.concatenate([part.value for part in parts]),
        _labels(parts),
        _groups(parts),
        _weights(parts),
    )


def _labels(parts: Sequence[Pairs]) -> NDArray[np.float32]:
    labels = [part.label for part in parts if part.label is not None]
    classes = next((label.shape[1] for label in labels if label.ndim == 2), None)
    if classes is not None:
        labels = [label if label.ndim == 2 else one_hot(label, classes) for label in labels]
    return np.concatenate(labels)


def _groups(parts: Sequence[Pairs]) -> NDArray[np.int64] | None:
    groups, first = [], 0
    for part in parts:
        if part.group is None:
            return None
        numbers, group = np.unique(part.group, return_inverse=True)
        groups.append(first + group)
        first += len(numbers)
    return np.concatenate(groups)


def _weights(parts: Sequence[Pairs]) -> NDArray[np.float32] | None:
    if all(part.weight is None for part in parts):
        return None
    return np.concatenate([np.ones(len(part), np.float32) if part.weight is None else part.weight for part in parts])
