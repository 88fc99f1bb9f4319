"""How near to uniform attention is: uniform attention tells nothing, whatever its map looks like."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def uniformity(scores: NDArray[np.float32], causal: bool = False) -> float | None:
    """The mean over the rows of `scores` [Tq, Tv] of entropy / its maximum: 0 peaked, 1 uniform.

    The maximum is the logarithm of how many positions a row could have attended to: those that any row did, with
    `causal` only up to its own. Rows with less than two such positions, or without weight, do not count; None if no
    row does.
    """
    open_to = np.broadcast_to(scores.any(axis=0), scores.shape)
    if causal:
        open_to = np.tril(open_to)
    positions = open_to.sum(axis=1)
    counts = (positions > 1) & scores.any(axis=1)
    if not counts.any():
        return None
    weights = scores[counts].astype(np.float64)
    weights /= weights.sum(axis=1, keepdims=True)  # with `masking: none` padding took its part
    logarithms = np.log(weights, out=np.zeros_like(weights), where=weights > 0)
    entropy = -(weights * logarithms).sum(axis=1)
    return float(np.mean(entropy / np.log(positions[counts])))
