"""Counts in bins, for charts."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairlens.metrics.arrays import Floats, Ints


class Histogram(NamedTuple):
    """`counts[i]` values from `edges[i]` up to `edges[i + 1]`, which belongs to the next bin unless it is the last.

    Attributes:
        edges: [bins + 1].
        counts: int64 [bins].
    """

    edges: Floats
    counts: Ints


class JointHistogram(NamedTuple):
    """`counts[i, j]` pairs with x in bin i and y in bin j, whose edges [bins + 1] are the same on both axes."""

    edges: Floats
    counts: Ints


def histogram(values: NDArray[Any], bins: int, low: float, high: float) -> Histogram:
    """The values, all from `low` to `high`, in bins of equal width; of width 1 together if these two are equal."""
    count, edges = np.histogram(values, bins, (low, high))
    return Histogram(edges, count)


def joint_histogram(x: NDArray[Any], y: NDArray[Any], bins: int) -> JointHistogram:
    """Pairs (x, y) in square cells that span all values of both."""
    low, high = min(x.min(), y.min()), max(x.max(), y.max())
    edges = np.linspace(low, high if high > low else low + 1, bins + 1)
    return JointHistogram(edges, np.histogram2d(x, y, (edges, edges))[0].astype(np.int64))
