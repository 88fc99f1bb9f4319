"""Statistics of groups, by hand."""

from __future__ import annotations

import numpy as np

from pairlens.metrics.groups import group_figures


def test_figures() -> None:
    # Group 7 has pairs 1 0 0, group 2 has 1 1, group 4 has 0, group 9 has 1.
    label, group = np.array([1, 1, 0, 0, 1, 0, 1]), np.array([7, 2, 7, 4, 2, 7, 9])
    figures = group_figures(label, group)
    # Sizes are 1 1 2 3: the median of four is the number at index 1.5, rounded to the even index 2.
    assert figures == (4, 1, 2, 3, 1, 2)
    assert figures.mixed == 1
