"""A metric by the length of the texts."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairlens.evaluation.bootstrap import bootstrap_intervals
from pairlens.metrics import Threshold, count_groups, evaluate_scores


class LengthBin(NamedTuple):
    """A metric of the pairs in a range of lengths, and its 95 % interval.

    Attributes:
        shortest, longest: the smallest and largest length in the bin, in tokens.
        units: number of pairs; for ranking, of groups with a positive.
    """

    shortest: float
    longest: float
    units: int
    value: float
    low: float
    high: float


def by_length(
    metric: str,
    lengths: NDArray[np.int64],
    task: str,
    label: NDArray[Any],
    score: NDArray[Any],
    threshold: float | Threshold = 0.5,
    group: NDArray[np.int64] | None = None,
    bins: int = 5,
) -> list[LengthBin]:
    """A metric in bins from short to long, with numbers of pairs as equal as possible.

    Args:
        metric: one of the task's metrics.
        lengths: [N], tokens of query and value together. For ranking, the mean of each group is used.
        bins: maximal number of bins; pairs of equal length share a bin.

    The other arguments are those of `evaluate_scores`.
    """
    length = lengths.astype(np.float64)
    if task == "ranking" and group is not None:
        _, owner = np.unique(group, return_inverse=True)
        length = (np.bincount(owner, length) / np.bincount(owner))[owner]
    edges = np.unique(np.quantile(length, np.arange(1, bins) / bins, method="inverted_cdf"))
    bin_of = np.searchsorted(edges, length)  # an edge belongs to the bin below it
    found = []
    for number in np.unique(bin_of):
        inside = bin_of == number
        part = label[inside], score[inside], threshold, None if group is None else group[inside]
        units = count_groups(part[0], part[3])[0] if task == "ranking" and part[3] is not None else int(inside.sum())
        value = evaluate_scores(task, *part)[metric]
        interval = bootstrap_intervals(task, *part)[metric]
        found.append(LengthBin(length[inside].min(), length[inside].max(), units, value, *interval))
    return found
