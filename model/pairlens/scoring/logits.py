"""What the head says of pairs before its activation, and what is told of it: a score and a logit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pairlens.config.tasks import Task
from pairlens.errors import PairlensError
from pairlens.scoring.activations import activate, softmax

Floats = NDArray[np.float32]

OVERFLOW = (
    "its score is not a finite number, since the model's weights are too large for float32; "
    "train again with a lower training.optimizer.learning_rate"
)


@dataclass(frozen=True, slots=True, eq=False)
class Logits:
    """The head's outputs of pairs.

    Attributes:
        task: which says what becomes of them.
        orders: float32 [B], or of a multiclass model [B, classes]; a symmetric model has those of both orders.
    """

    task: Task
    orders: tuple[Floats, ...]

    def scores(self) -> Floats:
        """The head's activation, float32 of the same shape; of two orders the mean."""
        with np.errstate(over="ignore", invalid="ignore"):  # `finite` tells
            scores = [_activated(self.task, order) for order in self.orders]
        return scores[0] if len(scores) == 1 else (scores[0] + scores[1]) / np.float32(2.0)

    def checked_scores(self, on_overflow: Literal["stop", "nan"]) -> Floats:
        """The scores, nan where an output is not finite. Raises PairlensError there, unless `on_overflow` is nan."""
        finite = self.finite()
        if on_overflow == "stop":
            refuse_overflow(finite)
        scores = self.scores().copy()
        scores[~finite] = np.nan
        return scores

    def merged(self) -> Floats:
        """One logit for each score, float32 of the same shape: what the activation makes the score of.

        Of a symmetric model that is the logit of the mean probability p, ln(p / (1 - p)), of a multiclass one ln(p);
        so it has the order of the scores. It is computed from the logits, and tells pairs apart whose float32 scores
        are the same 1. Of a regression it is the score.
        """
        if len(self.orders) == 1:
            return self.orders[0]
        if self.task == "regression":
            return self.scores()
        one, other = (order.astype(np.float64) for order in self.orders)
        with np.errstate(over="ignore", invalid="ignore"):
            if self.task == "multiclass":
                merged = np.logaddexp(_log_softmax(one), _log_softmax(other)) - np.log(2.0)
            else:  # ln of the sum of both sigmoids, minus the same of the negatives
                merged = np.logaddexp(_log_sigmoid(one), _log_sigmoid(other))
                merged -= np.logaddexp(_log_sigmoid(-one), _log_sigmoid(-other))
        return np.asarray(merged, np.float32)

    def finite(self) -> NDArray[np.bool_]:
        """Of which pairs [B] all outputs are finite numbers; of others the weights are too large for float32."""
        both = np.isfinite(np.stack(self.orders, axis=1))
        return np.asarray(both.all(axis=tuple(range(1, both.ndim))))


def refuse_overflow(finite: NDArray[np.bool_]) -> None:
    """Raises PairlensError, naming the first pair [B] that is not finite."""
    if not finite.all():
        raise PairlensError(f"pair {int(np.argmin(finite))}: {OVERFLOW}")


def _activated(task: Task, logits: Floats) -> Floats:
    match task:
        case "multiclass":
            return softmax(logits)
        case "regression":
            return logits
    return activate("sigmoid", logits)


def _log_sigmoid(x: NDArray[np.float64]) -> NDArray[np.float64]:
    log: NDArray[np.float64] = -np.logaddexp(0.0, -x)
    return log


def _log_softmax(x: NDArray[np.float64]) -> NDArray[np.float64]:
    x = x - x.max(axis=-1, keepdims=True)
    log: NDArray[np.float64] = x - np.log(np.exp(x).sum(axis=-1, keepdims=True))
    return log
