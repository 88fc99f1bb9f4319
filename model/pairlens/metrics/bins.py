"""Counts in bins, for charts."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairlens.metrics.arrays import Floats, Ints


class Histogram(NamedTuple):
    """Bin i has `counts[i]` values from `edges[i]` to below `edges[i + 1]`; the last bin includes its upper edge.

    Attributes:
        edges: [bins + 1].
        counts: int64 [bins].
    """

    edges: Floats
    counts: Ints


class JointHistogram(NamedTuple):
    """`counts[i, j]` pairs have x in bin i and y in bin j; both axes have the same edges [bins + 1]."""

    edges: Floats
    counts: Ints


def histogram(values: NDArray[Any], bins: int, low: float, high: float) -> Histogram:
    """Count values between `low` and `high` in bins of equal width; the range is 1 wide if both are equal."""
    count, edges = np.histogram(values, bins, (low, high))
    return Histogram(edges, count)


def joint_histogram(x: NDArray[Any], y: NDArray[Any], bins: int) -> JointHistogram:
    """Count pairs (x, y) in square cells that cover all values of both."""
    low, high = min(x.min(), y.min()), max(x.max(), y.max())
    edges = np.linspace(low, high if high > low else low + 1, bins + 1)
    return JointHistogram(edges, np.histogram2d(x, y, (edges, edges))[0].astype(np.int64))
