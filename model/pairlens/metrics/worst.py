"""The pairs with the largest errors of a model."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pairlens.metrics.arrays import Floats, Ints, checked, log_losses
from pairlens.metrics.multiclass import checked_classes
from pairlens.metrics.order import checked_order, dense_ranks, probabilities


def worst_pairs(
    task: str,
    label: NDArray[Any],
    score: NDArray[Any],
    group: NDArray[np.int64] | None = None,
    count: int = 10,
) -> tuple[Ints, Floats]:
    """Return the `count` pairs with the largest losses [n], and these losses [n], worst first; ties in file order.

    The loss of a pair is -ln(predicted probability of its label) (binary, multiclass) or |score - label| (regression).
    For ranking, a group contributes at most one pair: its highest negative, if it scores above the highest positive;
    the loss is the difference. The arguments are those of `evaluate_scores`.
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
    """The losses [N], or [N, 2] with the distances of the logits on the wrong side of 0."""
    if task == "multiclass":
        true, probability = checked_classes(label, score)
        return log_losses(probability[np.arange(len(true)), true])
    label, score = checked_order(label, score) if task == "binary" else checked(label, score)
    if task == "regression":
        return np.abs(score - label)
    probability = probabilities(score)
    loss = log_losses(np.where(label == 1, probability, 1 - probability))
    return loss if score.ndim == 1 else np.stack([loss, np.where(label == 1, -score[:, 1], score[:, 1])], axis=1)


def _wrong_on_top(label: Floats, score: Floats, group: NDArray[np.int64]) -> tuple[Ints, Floats]:
    """The best negative of each group in which it beats the best positive, and the difference [n] or [n, 2]."""
    rank = dense_ranks(score)
    positive, negative = (_best_of_groups(np.flatnonzero(label == kind), rank, group) for kind in (1, 0))
    _, of_positive, of_negative = np.intersect1d(group[positive], group[negative], return_indices=True)
    positive, negative = positive[of_positive], negative[of_negative]
    beats = rank[negative] > rank[positive]
    positive, negative = positive[beats], negative[beats]
    order = negative.argsort()
    return negative[order], (score[negative] - score[positive])[order]


def _best_of_groups(pair: Ints, rank: Ints, group: NDArray[np.int64]) -> Ints:
    """The pair with the highest rank in each group, the earliest among equal ones."""
    order = pair[np.lexsort((-rank[pair], group[pair]))]
    return order[np.unique(group[order], return_index=True)[1]]
