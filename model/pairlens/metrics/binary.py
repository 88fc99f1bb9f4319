"""Metrics of probabilities against labels of 0 and 1."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pairlens.metrics.arrays import Floats, log_losses, matthews, ratio, sums_by
from pairlens.metrics.calibration import BINS, calibration_bin
from pairlens.metrics.order import Threshold, at_least, checked_order, dense_ranks, probabilities


class BinaryMetrics:
    """How well probabilities agree with labels. Positive is predicted from the threshold on (see `at_least`).

    With TP, FP, TN, FN the counts of true and false positives and negatives:

    - accuracy = (TP + TN) / N
    - precision = TP / (TP + FP), recall = TP / (TP + FN), f1 = 2 TP / (2 TP + FP + FN); each 0 if it would be 0 / 0
    - mcc: Matthews's correlation, see `matthews`
    - ece: expected calibration error of P(label 1) in 15 bins of equal width (Guo et al. 2017, Naeini et al. 2015): the
      mean over pairs of their bin's |mean score - share of positives|
    - brier: mean of (score - label)²
    - roc_auc, average_precision: see `_over_cuts`; nan if a class that they need is missing
    - log_loss: mean of -ln(predicted probability of the label)

    Args:
        label: [N] of 0 and 1.
        score: [N], probabilities, or [N, 2] with their logits.
    """

    def __init__(self, label: NDArray[Any], score: NDArray[Any], threshold: float | Threshold = 0.5) -> None:
        given = np.asarray(score)
        label, score = checked_order(label, given)
        predicted = at_least(given, threshold)
        positive = label == 1
        self.units = len(label)
        self._positive = positive
        self._cut = dense_ranks(score)
        score = probabilities(score)
        self._bin = calibration_bin(score)
        self._residual = label - score
        loss = log_losses(np.where(positive, score, 1 - score))
        columns = [positive & predicted, positive, predicted, positive == predicted, loss, self._residual**2]
        self._columns = np.stack(columns, axis=1, dtype=np.float64)

    def __call__(self, weight: Floats) -> dict[str, Floats]:
        """Return each metric [R] for weights [R, N] of the pairs."""
        n = weight.sum(axis=1)
        hits, positives, predicted, right, loss, squares = (weight @ self._columns).T
        gaps = sums_by(self._bin, weight * self._residual, BINS)
        roc_auc, average_precision = self._over_cuts(weight)
        return {
            "accuracy": ratio(right, n),
            "precision": ratio(hits, predicted, empty=0.0),
            "recall": ratio(hits, positives, empty=0.0),
            "f1": ratio(2 * hits, positives + predicted, empty=0.0),
            "mcc": matthews(
                right, np.stack([n - positives, positives], axis=1), np.stack([n - predicted, predicted], axis=1)
            ),
            "ece": ratio(np.abs(gaps).sum(axis=1), n),
            "brier": ratio(squares, n),
            "roc_auc": roc_auc,
            "average_precision": average_precision,
            "log_loss": ratio(loss, n),
        }

    def _over_cuts(self, weight: Floats) -> tuple[Floats, Floats]:
        """Return roc_auc and average_precision, which consider every cut between distinct scores.

        - roc_auc: P(a positive scores above a negative), where a tie counts one half; the area under the receiver
          operating characteristic as the Mann-Whitney statistic (Hanley and McNeil 1982)
        - average_precision: sum over cuts k, from the highest score down, of (recall_k - recall_{k-1}) precision_k,
          without interpolation; tied scores are one cut, so their order does not matter
        """
        K = self._cut.max(initial=-1) + 1
        gain, count = sums_by(self._cut, weight * self._positive, K), sums_by(self._cut, weight, K)  # [R, K], ascending
        loss = count - gain
        positives, negatives = gain.sum(axis=1), loss.sum(axis=1)
        negatives_below = loss.cumsum(axis=1) - loss / 2
        hits, predicted = gain[:, ::-1].cumsum(axis=1)[:, ::-1], count[:, ::-1].cumsum(axis=1)[:, ::-1]
        roc_auc = ratio((gain * negatives_below).sum(axis=1), positives * negatives)
        return roc_auc, ratio((gain * ratio(hits, predicted, empty=0.0)).sum(axis=1), positives)
