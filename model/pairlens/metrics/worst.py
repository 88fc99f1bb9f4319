"""The pairs that a model gets most wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pairlens.metrics.arrays import Floats, Ints, checked, log_losses
from pairlens.metrics.multiclass import checked_classes


def worst_pairs(
    task: str,
    label: NDArray[Any],
    score: NDArray[Any],
    group: NDArray[np.int64] | None = None,
    count: int = 10,
) -> tuple[Ints, Floats]:
    """At most `count` pairs of largest loss [n] and their losses [n], the worst first and of equal ones the earlier.

    The loss of a pair is -ln(probability given to its label) (binary, multiclass) or |score - label| (regression). With
    ranking, a group has at most one such pair: the highest-ranked negative, if it stands above the best positive; the
    loss is by how much.
    """
    if task == "ranking":
        assert group is not None
        pair, loss = _wrong_on_top(*checked(label, score), group)
    else:
        loss = _losses(task, label, score)
        pair = np.arange(len(loss))
    worst = np.argsort(-loss, kind="stable")[:count]
    return pair[worst], loss[worst]


def _losses(task: str, label: NDArray[Any], score: NDArray[Any]) -> Floats:
    if task == "multiclass":
        true, probability = checked_classes(label, score)
        return log_losses(probability[np.arange(len(true)), true])
    label, score = checked(label, score)
    if task == "binary":
        return log_losses(np.where(label == 1, score, 1 - score))
    return np.abs(score - label)


def _wrong_on_top(label: Floats, score: Floats, group: NDArray[np.int64]) -> tuple[Ints, Floats]:
    """The best negative of each group in which it beats the best positive, and by how much."""
    positive, negative = (_best_of_groups(np.flatnonzero(label == kind), score, group) for kind in (1, 0))
    _, of_positive, of_negative = np.intersect1d(group[positive], group[negative], return_indices=True)
    positive, negative = positive[of_positive], negative[of_negative]
    margin = score[negative] - score[positive]
    pair, margin = negative[margin > 0], margin[margin > 0]
    order = pair.argsort()
    return pair[order], margin[order]


def _best_of_groups(pair: Ints, score: Floats, group: NDArray[np.int64]) -> Ints:
    """Of these pairs the one with the greatest score of each group, of equal ones the earliest."""
    order = pair[np.lexsort((-score[pair], group[pair]))]
    return order[np.unique(group[order], return_index=True)[1]]
