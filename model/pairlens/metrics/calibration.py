"""Calibration of probabilities: the bins of the expected calibration error, and the reliability diagram."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairlens.metrics.arrays import Floats, Ints, checked, ratio, sums_by

BINS = 15
_Z = 1.959963984540054  # the 97.5 % quantile of the standard normal distribution


class Reliability(NamedTuple):
    """Bins of equal width from 0 to 1, each array [15]; nan for a bin without pairs.

    Attributes:
        pairs: the number of pairs.
        score: their mean score.
        positive: their share of positives; low, high: its 95 % interval (Wilson 1927).
    """

    pairs: Ints
    score: Floats
    positive: Floats
    low: Floats
    high: Floats


def reliability(label: NDArray[Any], score: NDArray[Any]) -> Reliability:
    """The reliability diagram (DeGroot and Fienberg 1983) of probabilities [N] of label 1.

    The mean of |score - positive|, weighted by `pairs`, is `ece`.
    """
    label, score = checked(label, score)
    bins = calibration_bin(score)
    count, total, positives = sums_by(bins, np.stack([np.ones_like(score), score, label]), BINS)
    share = ratio(positives, count)
    width = ratio(np.full(BINS, _Z**2), count)
    middle = (share + width / 2) / (1 + width)
    half = np.sqrt(share * (1 - share) * width + width**2 / 4) / (1 + width)
    return Reliability(count.astype(np.int64), ratio(total, count), share, middle - half, middle + half)


def calibration_bin(score: Floats) -> Ints:
    """The bin of each probability [N]; an edge belongs to the bin below it."""
    return np.searchsorted(np.arange(1, BINS) / BINS, score)
