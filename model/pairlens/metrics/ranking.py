"""Metrics of the order in which scores put the pairs of a group."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairlens.metrics.arrays import Floats, Ints, ratio
from pairlens.metrics.order import checked_order, places

_K = 10  # of ndcg_at_10


class RankingMetrics:
    """Means over groups of how well scores rank the pairs of a group, best first.

    With R positive pairs in a group, and place i from 1:

    - map: mean average precision, that of a group being the mean over its positives of (positives down to it) / place
    - mrr: mean reciprocal rank, 1 / place of the first positive
    - ndcg_at_10: sum of 1 / log2(place + 1) over the positives in the first 10 places, as a share of the most that R
      positives can reach (Järvelin and Kekäläinen 2002)
    - precision_at_1: 1 if the first is positive

    Tied scores have no order, so a group counts with its expected value over all orders of its ties (McSherry and
    Najork 2008), as scikit-learn's `ndcg_score` does: the order of the input does not matter, and a constant score gets
    what chance gets. A group without a positive is left out of the mean, as trec_eval does.

    Args:
        label: [N] of 0 and 1.
        score: [N], any finite numbers, or [N, 2] with logits that order equal ones.
        group: int64 [N]; equal numbers are one group.
    """

    def __init__(self, label: NDArray[Any], score: NDArray[Any], group: NDArray[np.int64]) -> None:
        label, score = checked_order(label, score)
        if group.shape != label.shape:
            raise ValueError(f"group: found shape {group.shape}; must be [N], as label and score, here {label.shape}")
        at = _places(label == 1, places(score), group)
        self._values, self._first = _values_of_groups(at), _first_positive(at)
        self.units = self._values.shape[1]

    def __call__(self, weight: Floats) -> dict[str, Floats]:
        """Each metric [R] of the counted groups, of which there are `units`, with weights [R, units]."""
        n = weight.sum(axis=1)
        names = ("map", "mrr", f"ndcg_at_{_K}", "precision_at_1")
        return {name: ratio(weight @ value, n) for name, value in zip(names, self._values, strict=True)}

    @property
    def average_precision(self) -> Floats:
        """Of each counted group [units], whose mean is map."""
        return self._values[0]  # type: ignore[no-any-return]

    @property
    def first_positive(self) -> Floats:
        """The place of each counted group's first positive, from 1 [units]."""
        return self._first


def count_groups(label: NDArray[Any], group: NDArray[np.int64]) -> tuple[int, int]:
    """How many groups count, and how many do not because they have no positive pair."""
    counted = len(np.unique(group[label == 1]))
    return counted, len(np.unique(group)) - counted


class _Places(NamedTuple):
    """The places of all groups that have a positive, best first; a tie is a run of equal scores in a group.

    Attributes:
        group: from 0 [P]. place: from 1 in each group [P].
        positives: of the group [P].
        size, hits: pairs and positives in the place's tie [P].
        size_before, hits_before: pairs and positives of the group above that tie [P].
    """

    group: Ints
    place: Ints
    positives: Ints
    size: Ints
    hits: Ints
    size_before: Ints
    hits_before: Ints


def _places(positive: NDArray[np.bool_], score: Ints, group: NDArray[np.int64]) -> _Places:
    counted = np.isin(group, group[positive])
    positive, score, group = positive[counted], score[counted], group[counted]
    order = np.lexsort((-score, group))
    positive, score, group = positive[order], score[order], group[order]
    group_start = np.append(True, group[1:] != group[:-1])[: len(group)]
    tie_start = group_start | np.append(True, score[1:] != score[:-1])[: len(group)]
    owner, tie = group_start.cumsum() - 1, tie_start.cumsum() - 1
    first, tie_first = np.flatnonzero(group_start), np.flatnonzero(tie_start)
    above = np.append(0, positive.cumsum())  # positives above each place, in whatever group
    return _Places(
        group=owner,
        place=np.arange(len(group)) - first[owner] + 1,
        positives=np.bincount(owner, positive).astype(np.int64)[owner],
        size=np.bincount(tie)[tie],
        hits=np.bincount(tie, positive).astype(np.int64)[tie],
        size_before=tie_first[tie] - first[owner],
        hits_before=above[tie_first][tie] - above[first][owner],
    )


def _values_of_groups(at: _Places) -> Floats:
    """Average precision, reciprocal rank, ndcg_at_10 and precision at 1 [4, groups], expected over orders of ties."""
    chance = at.hits / at.size  # of a positive at this place
    # Given one here, those above it: all of the ties before, and of this tie's other places a share of its others.
    into = at.place - at.size_before - 1
    hits_here = at.hits_before + 1 + into * (at.hits - 1) / np.maximum(at.size - 1, 1)
    discount = np.where(at.place <= _K, 1 / np.log2(at.place + 1), 0)
    ideal = np.bincount(at.group, discount * (at.place <= at.positives))
    return np.array(
        [
            np.bincount(at.group, chance * hits_here / at.place / at.positives),
            np.bincount(at.group, _chance_of_first(at) / at.place),
            np.bincount(at.group, chance * discount) / ideal,
            chance[at.place == 1],
        ]
    )


def _first_positive(at: _Places) -> Floats:
    """The expected place of each group's first positive [groups].

    In a tie of n pairs, r of them positive, it is at place (n + 1) / (r + 1) of the tie, on average.
    """
    here = (at.hits_before == 0) & (at.hits > 0) & (at.place == at.size_before + 1)
    first: Floats = (at.size_before + (at.size + 1) / (at.hits + 1))[here]
    return first


def _chance_of_first(at: _Places) -> Floats:
    """P(the group's first positive is at this place) [P].

    In a tie of n pairs, r of them positive, it is at place j of the tie in C(n - j, r - 1) of C(n, r) arrangements.
    """
    n, r, j = at.size, at.hits, at.place - at.size_before
    possible = (at.hits_before == 0) & (r > 0) & (j <= n - r + 1)
    n, r, j = n[possible], r[possible], j[possible]
    log_factorial = np.append(0, np.log(np.arange(1, n.max(initial=0) + 1)).cumsum())

    def log_choose(n: Ints, k: Ints) -> Floats:
        return log_factorial[n] - log_factorial[k] - log_factorial[n - k]  # type: ignore[no-any-return]

    chance = np.zeros(len(at.place))
    chance[possible] = np.exp(log_choose(n - j, r - 1) - log_choose(n, r))
    return chance
