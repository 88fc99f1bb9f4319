"""The head's outputs before its activation (logits), and the scores computed from them."""

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
    """The head's outputs for B pairs, before its activation.

    Attributes:
        task: selects the activation.
        orders: float32 [B] ([B, classes] if multiclass) for the texts in their order; for a symmetric model, a second
            array for the swapped order.
    """

    task: Task
    orders: tuple[Floats, ...]

    def scores(self) -> Floats:
        """The activated outputs, float32 of the same shape; the mean over both orders if there are two."""
        with np.errstate(over="ignore", invalid="ignore"):  # `finite` reports it
            scores = [_activated(self.task, order) for order in self.orders]
        return scores[0] if len(scores) == 1 else (scores[0] + scores[1]) / np.float32(2.0)

    def checked_scores(self, on_overflow: Literal["stop", "nan"]) -> Floats:
        """The scores, nan where an output is not finite. With "stop", that raises PairlensError instead."""
        finite = self.finite()
        if on_overflow == "stop":
            refuse_overflow(finite)
        scores = self.scores().copy()
        scores[~finite] = np.nan
        return scores

    def merged(self) -> Floats:
        """One logit for each score, float32 of the same shape, in the order of the scores.

        For a symmetric model it is computed from the logits of both orders: ln(p / (1 - p)) of the mean probability p,
        or ln(p) if multiclass. It still differs between pairs whose float32 scores are both 1. For a regression it is
        the score.
        """
        if len(self.orders) == 1:
            return self.orders[0]
        if self.task == "regression":
            return self.scores()
        one, other = (order.astype(np.float64) for order in self.orders)
        with np.errstate(over="ignore", invalid="ignore"):
            if self.task == "multiclass":
                merged = np.logaddexp(_log_softmax(one), _log_softmax(other)) - np.log(2.0)
            else:  # ln(p) - ln(1 - p), with 1 - sigmoid(x) = sigmoid(-x)
                merged = np.logaddexp(_log_sigmoid(one), _log_sigmoid(other))
                merged -= np.logaddexp(_log_sigmoid(-one), _log_sigmoid(-other))
        return np.asarray(merged, np.float32)

    def finite(self) -> NDArray[np.bool_]:
        """True for the pairs [B] whose outputs are all finite; otherwise the weights are too large for float32."""
        both = np.isfinite(np.stack(self.orders, axis=1))
        return np.asarray(both.all(axis=tuple(range(1, both.ndim))))


def refuse_overflow(finite: NDArray[np.bool_]) -> None:
    """Raise PairlensError for the first pair [B] that is not finite."""
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
