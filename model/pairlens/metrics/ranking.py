"""Metrics of how scores rank the pairs of a group."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairlens.metrics.arrays import Floats, Ints, ratio
from pairlens.metrics.order import checked_order, dense_ranks

_K = 10  # of ndcg_at_10


class RankingMetrics:
    """Means over groups of how well scores rank the pairs of a group, best first.

    With R positive pairs in a group, and positions from 1:

    - map: mean average precision; of a group, the mean over its positives of (positives up to it) / position
    - mrr: mean reciprocal rank, 1 / position of the first positive
    - ndcg_at_10: sum of 1 / log2(position + 1) over the positives in the first 10 positions, divided by the highest sum
      that R positives can reach (Järvelin and Kekäläinen 2002)
    - precision_at_1: 1 if the first is positive

    Tied scores have no order, so each metric is its expected value over all orders of the ties (McSherry and Najork
    2008), as in scikit-learn's `ndcg_score`: the order of the input does not matter, and constant scores give the value
    of a random ranking. Groups without a positive are excluded from the mean, as in trec_eval.

    Args:
        label: [N] of 0 and 1.
        score: [N], any finite numbers, or [N, 2] with logits that order equal scores.
        group: int64 [N]; equal numbers are one group.
    """

    def __init__(self, label: NDArray[Any], score: NDArray[Any], group: NDArray[np.int64]) -> None:
        label, score = checked_order(label, score)
        if group.shape != label.shape:
            raise ValueError(f"group: found shape {group.shape}; must be [N] like label and score, here {label.shape}")
        at = _positions(label == 1, dense_ranks(score), group)
        self._values, self._first = _values_of_groups(at), _first_positive(at)
        self.units = self._values.shape[1]

    def __call__(self, weight: Floats) -> dict[str, Floats]:
        """Return each metric [R] for weights [R, units] of the counted groups."""
        n = weight.sum(axis=1)
        names = ("map", "mrr", f"ndcg_at_{_K}", "precision_at_1")
        return {name: ratio(weight @ value, n) for name, value in zip(names, self._values, strict=True)}

    @property
    def average_precision(self) -> Floats:
        """The average precision of each counted group [units]; the mean is map."""
        return self._values[0]  # type: ignore[no-any-return]

    @property
    def first_positive(self) -> Floats:
        """The expected position of each counted group's first positive, from 1 [units]."""
        return self._first


def count_groups(label: NDArray[Any], group: NDArray[np.int64]) -> tuple[int, int]:
    """The number of groups that count, and of those that do not because they have no positive pair."""
    counted = len(np.unique(group[label == 1]))
    return counted, len(np.unique(group)) - counted


class _Positions(NamedTuple):
    """The positions in all groups with a positive, best first; a tie is a run of equal scores in a group.

    Attributes:
        group: its number, from 0 [P]. position: from 1 in each group [P].
        positives: the number of positives in the group [P].
        size, hits: the numbers of pairs and of positives in the position's tie [P].
        size_before, hits_before: the numbers of pairs and of positives in the group above that tie [P].
    """

    group: Ints
    position: Ints
    positives: Ints
    size: Ints
    hits: Ints
    size_before: Ints
    hits_before: Ints


def _positions(positive: NDArray[np.bool_], score: Ints, group: NDArray[np.int64]) -> _Positions:
    counted = np.isin(group, group[positive])
    positive, score, group = positive[counted], score[counted], group[counted]
    order = np.lexsort((-score, group))
    positive, score, group = positive[order], score[order], group[order]
    group_start = np.append(True, group[1:] != group[:-1])[: len(group)]
    tie_start = group_start | np.append(True, score[1:] != score[:-1])[: len(group)]
    owner, tie = group_start.cumsum() - 1, tie_start.cumsum() - 1
    first, tie_first = np.flatnonzero(group_start), np.flatnonzero(tie_start)
    above = np.append(0, positive.cumsum())  # positives above each position, over all groups
    return _Positions(
        group=owner,
        position=np.arange(len(group)) - first[owner] + 1,
        positives=np.bincount(owner, positive).astype(np.int64)[owner],
        size=np.bincount(tie)[tie],
        hits=np.bincount(tie, positive).astype(np.int64)[tie],
        size_before=tie_first[tie] - first[owner],
        hits_before=above[tie_first][tie] - above[first][owner],
    )


def _values_of_groups(at: _Positions) -> Floats:
    """Average precision, reciprocal rank, ndcg_at_10 and precision at 1 [4, groups], expected over orders of ties."""
    chance = at.hits / at.size  # P(positive at this position)
    # The expected number of positives up to here, given one here: all in the ties before, this one, and a share of
    # the other positives in this tie.
    into = at.position - at.size_before - 1
    hits_here = at.hits_before + 1 + into * (at.hits - 1) / np.maximum(at.size - 1, 1)
    discount = np.where(at.position <= _K, 1 / np.log2(at.position + 1), 0)
    ideal = np.bincount(at.group, discount * (at.position <= at.positives))
    return np.array(
        [
            np.bincount(at.group, chance * hits_here / at.position / at.positives),
            np.bincount(at.group, _chance_of_first(at) / at.position),
            np.bincount(at.group, chance * discount) / ideal,
            chance[at.position == 1],
        ]
    )


def _first_positive(at: _Positions) -> Floats:
    """The expected position of each group's first positive [groups].

    In a tie of n pairs with r positives, its mean position is (n + 1) / (r + 1).
    """
    here = (at.hits_before == 0) & (at.hits > 0) & (at.position == at.size_before + 1)
    first: Floats = (at.size_before + (at.size + 1) / (at.hits + 1))[here]
    return first


def _chance_of_first(at: _Positions) -> Floats:
    """P(the group's first positive is at this position) [P].

    In a tie of n pairs with r positives, it is at position j of the tie in C(n - j, r - 1) of C(n, r) arrangements.
    """
    n, r, j = at.size, at.hits, at.position - at.size_before
    possible = (at.hits_before == 0) & (r > 0) & (j <= n - r + 1)
    n, r, j = n[possible], r[possible], j[possible]
    log_factorial = np.append(0, np.log(np.arange(1, n.max(initial=0) + 1)).cumsum())

    def log_choose(n: Ints, k: Ints) -> Floats:
        return log_factorial[n] - log_factorial[k] - log_factorial[n - k]  # type: ignore[no-any-return]

    chance = np.zeros(len(at.position))
    chance[possible] = np.exp(log_choose(n - j, r - 1) - log_choose(n, r))
    return chance
