"""The groups of a ranking, counted: how large they are, and how many of them no metric can tell anything by."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class GroupFigures(NamedTuple):
    """So many groups, and their pairs: the fewest, the median and the most."""

    groups: int
    smallest: int
    median: int
    largest: int
    without_positive: int
    without_negative: int

    @property
    def mixed(self) -> int:
        """Groups with both labels: only in these does it matter how pairs are ranked."""
        return self.groups - self.without_positive - self.without_negative


def group_figures(label: NDArray[Any], group: NDArray[np.int64]) -> GroupFigures:
    """Figures of at least one pair, with labels 0 and 1 [N] and groups [N]."""
    number = np.unique(group, return_inverse=True)[1]
    sizes, positives = np.bincount(number), np.bincount(number, label == 1)
    return GroupFigures(
        groups=len(sizes),
        smallest=int(sizes.min()),
        median=int(np.percentile(sizes, 50, method="nearest")),
        largest=int(sizes.max()),
        without_positive=int((positives == 0).sum()),
        without_negative=int((positives == sizes).sum()),
    )
