"""The best candidates are the first ones of a stable sort, in one piece or block by block."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pairlens.scoring.best import NEVER, best_of, none_of

# Few different logits, so that ties are common.
matrices = st.tuples(st.integers(1, 4), st.integers(1, 9)).flatmap(
    lambda shape: st.lists(
        st.lists(st.sampled_from([NEVER, -1.5, 0.0, 0.25, 2.0]), min_size=shape[1], max_size=shape[1]),
        min_size=shape[0],
        max_size=shape[0],
    )
)


def by_sorting(row: list[float], count: int) -> list[tuple[float, int]]:
    """Python's sort is stable."""
    return sorted(((logit, i) for i, logit in enumerate(row)), key=lambda pair: -pair[0])[:count]


@settings(max_examples=150)
@given(matrices, st.integers(1, 10), st.lists(st.integers(1, 8), max_size=2))
def test_they_are_the_first_of_a_stable_sort(rows: list[list[float]], count: int, cuts: list[int]) -> None:
    logits: NDArray[np.float32] = np.array(rows, np.float32)
    best, bounds = none_of(len(rows)), [0, *sorted({cut for cut in cuts if cut < len(rows[0])}), len(rows[0])]
    for start, stop in pairwise(bounds):
        best = best.merged(best_of(logits[:, start:stop], start, count), count)
    for query, row in enumerate(rows):
        found = list(zip(best.logits[query].tolist(), best.candidates[query].tolist(), strict=True))
        assert found == by_sorting(row, count)


def test_no_queries_and_no_candidates() -> None:
    assert best_of(np.zeros((0, 5), np.float32), 0, 3).logits.shape[0] == 0
    assert best_of(np.zeros((5, 0), np.float32), 0, 3).candidates.shape == (5, 0)
