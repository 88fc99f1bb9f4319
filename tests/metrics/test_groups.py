"""Figures of groups, by hand."""

from __future__ import annotations

import numpy as np

from pairlens.metrics.groups import group_figures


def test_figures() -> None:
    # Group 7 has pairs 1 0 0, group 2 has 1 1, group 4 has 0, group 9 has 1.
    label, group = np.array([1, 1, 0, 0, 1, 0, 1]), np.array([7, 2, 7, 4, 2, 7, 9])
    figures = group_figures(label, group)
    # Sizes are 1 1 2 3: of four numbers the median is nearest to place 1.5, the even one of 1 and 2.
    assert figures == (4, 1, 2, 3, 1, 2)
    assert figures.mixed == 1
