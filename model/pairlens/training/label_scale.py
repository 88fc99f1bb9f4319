"""Standardised labels for regression, so that training does not depend on the unit of the labels.

The network learns (label - mean) / deviation, computed from the train split. Its head is linear, so both numbers are
folded into the head's kernel and bias when the weights are saved: the saved model scores in the labels' unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairlens.config.schema import Config
from pairlens.texts.pairs import Pairs

Floats = NDArray[np.float32]
Weights = dict[str, Floats]

_KERNEL, _BIAS = "head/kernel", "head/bias"


class LabelScale(NamedTuple):
    """The mean and standard deviation of labels; 0 and 1 if they are not rescaled."""

    mean: float = 0.0
    deviation: float = 1.0

    def standardised(self, pairs: Pairs) -> Pairs:
        """The pairs with labels in this scale."""
        if self == LabelScale():
            return pairs
        assert pairs.label is not None
        label = (pairs.label.astype(np.float64) - self.mean) / self.deviation
        return replace(pairs, label=label.astype(np.float32))

    def folded(self, weights: Weights) -> Weights:
        """Convert weights that predict standardised labels into weights that predict the labels themselves."""
        kernel, bias = weights[_KERNEL].astype(np.float64), weights[_BIAS].astype(np.float64)
        return self._with_head(weights, kernel * self.deviation, bias * self.deviation + self.mean)

    def unfolded(self, weights: Mapping[str, Floats]) -> Weights:
        """The inverse of `folded`, up to rounding."""
        kernel, bias = weights[_KERNEL].astype(np.float64), weights[_BIAS].astype(np.float64)
        return self._with_head(weights, kernel / self.deviation, (bias - self.mean) / self.deviation)

    def _with_head(
        self, weights: Mapping[str, Floats], kernel: NDArray[np.float64], bias: NDArray[np.float64]
    ) -> Weights:
        if self == LabelScale():
            return dict(weights)
        return {**weights, _KERNEL: kernel.astype(np.float32), _BIAS: bias.astype(np.float32)}


def label_scale(config: Config, train: Pairs) -> LabelScale:
    """The scale of the train labels of a regression; labels that are all equal are only shifted."""
    if config.task != "regression":
        return LabelScale()
    assert train.label is not None
    label = train.label.astype(np.float64)
    return LabelScale(float(label.mean()), float(label.std()) or 1.0)
