"""Statistics of the groups of a ranking: their sizes, and how many have only one label."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class GroupFigures(NamedTuple):
    """The number of groups, statistics of their sizes, and the numbers of groups without one of the labels."""

    groups: int
    smallest: int
    median: int
    largest: int
    without_positive: int
    without_negative: int

    @property
    def mixed(self) -> int:
        """The number of groups with both labels; only in these does the ranking matter."""
        return self.groups - self.without_positive - self.without_negative


def group_figures(label: NDArray[Any], group: NDArray[np.int64]) -> GroupFigures:
    """Compute the statistics from labels [N], positive above 0.5, and groups [N] of at least one pair."""
    number = np.unique(group, return_inverse=True)[1]
    sizes, positives = np.bincount(number), np.bincount(number, label > 0.5)
    return GroupFigures(
        groups=len(sizes),
        smallest=int(sizes.min()),
        median=int(np.percentile(sizes, 50, method="nearest")),
        largest=int(sizes.max()),
        without_positive=int((positives == 0).sum()),
        without_negative=int((positives == sizes).sum()),
    )
