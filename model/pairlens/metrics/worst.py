"""The pairs that a model gets most wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pairlens.metrics.arrays import Floats, Ints, checked, log_losses
from pairlens.metrics.multiclass import checked_classes
from pairlens.metrics.order import checked_order, places, probabilities


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
    loss is by how much. The arguments are those of `evaluate_scores`.
    """
    if task == "ranking":
        assert group is not None
        pair, loss = _wrong_on_top(*checked_order(label, score), group)
    else:
        loss = _losses(task, label, score)
        pair = np.arange(len(loss))
    # Equal losses of saturated scores are ordered by the logits.
    worst = (np.argsort(-loss, kind="stable") if loss.ndim == 1 else np.lexsort((-loss[:, 1], -loss[:, 0])))[:count]
    return pair[worst], probabilities(loss[worst])


def _losses(task: str, label: NDArray[Any], score: NDArray[Any]) -> Floats:
    """[N], or [N, 2] with how far the logits are on the wrong side."""
    if task == "multiclass":
        true, probability = checked_classes(label, score)
        return log_losses(probability[np.arange(len(true)), true])
    label, score = checked_order(label, score) if task == "binary" else checked(label, score)
    if task == "regression":
        return np.abs(score - label)
    said = probabilities(score)
    loss = log_losses(np.where(label == 1, said, 1 - said))
    return loss if score.ndim == 1 else np.stack([loss, np.where(label == 1, -score[:, 1], score[:, 1])], axis=1)


def _wrong_on_top(label: Floats, score: Floats, group: NDArray[np.int64]) -> tuple[Ints, Floats]:
    """The best negative of each group in which it beats the best positive, and by how much [n] or [n, 2]."""
    place = places(score)
    positive, negative = (_best_of_groups(np.flatnonzero(label == kind), place, group) for kind in (1, 0))
    _, of_positive, of_negative = np.intersect1d(group[positive], group[negative], return_indices=True)
    positive, negative = positive[of_positive], negative[of_negative]
    beats = place[negative] > place[positive]
    positive, negative = positive[beats], negative[beats]
    order = negative.argsort()
    return negative[order], (score[negative] - score[positive])[order]


def _best_of_groups(pair: Ints, place: Ints, group: NDArray[np.int64]) -> Ints:
    """Of these pairs the one with the highest place of each group, of equal ones the earliest."""
    order = pair[np.lexsort((-place[pair], group[pair]))]
    return order[np.unique(group[order], return_index=True)[1]]
