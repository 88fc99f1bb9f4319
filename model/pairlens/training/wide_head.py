"""The start of a wide head: regression on the overlap features, to which training adds what the network learns.

The head begins as that regression, and its rows for the DNN's output begin with zero. So a training starts from what
counting shared words can do, however small its set (Cheng et al. 2016, "Wide & Deep Learning", joint training).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pairlens.config.model import WIDE_LIMIT
from pairlens.network.network import Network

Floats = NDArray[np.float64]

_STEPS = 300
_RIDGE = 1e-2
_LARGEST = 50_000  # pairs; 15 features need no more


def start_wide_head(network: Network, overlap: NDArray[np.float32], target: Floats, weight: Floats) -> None:
    """Set the head to the regression of the target on the train pairs' overlap features.

    Args:
        overlap: [pairs, OVERLAP_FEATURES], not yet standardised.
        target: [pairs, 1] or [pairs, classes], probabilities; numbers if the head is linear.
        weight: [pairs].

    Of a large set, evenly spaced pairs are used.
    """
    counted = np.flatnonzero(weight)
    chosen = counted[np.linspace(0, len(counted) - 1, min(len(counted), _LARGEST)).astype(np.int64)]
    overlap, target, weight = overlap[chosen], target[chosen], weight[chosen]
    features = (overlap - network.overlap_mean.numpy()) / network.overlap_deviation.numpy()
    features = np.clip(features, -WIDE_LIMIT, WIDE_LIMIT)
    kernel, bias = regression(features.astype(np.float64), target, weight, network.linear_head)
    whole = np.zeros(network.head_layer.kernel.shape, np.float32)
    whole[-len(kernel) :] = kernel
    network.head_layer.kernel.assign(whole)
    network.head_layer.bias.assign(bias)


def regression(features: Floats, target: Floats, weight: Floats, linear: bool) -> tuple[Floats, Floats]:
    """Fit ridge regression: linear, logistic with one column of targets, or multinomial.

    Steps are gradients divided by a fixed upper bound of the curvature, which needs no line search (Böhning and Lindsay
    1988), with Nesterov's momentum. Linear regression is solved in one step.

    Returns:
        The kernel [F, C] and the bias [C].
    """
    x = np.hstack([features, np.ones((len(features), 1))])
    weighted = x * (weight / weight.sum())[:, np.newaxis]
    ridge = np.diag([_RIDGE] * features.shape[1] + [0.0])
    bound = 1.0 if linear else 0.25 if target.shape[1] == 1 else 0.5  # of the second derivative of a pair's loss
    step = np.linalg.pinv(bound * (weighted.T @ x) + ridge)
    ahead = before = solution = np.zeros((x.shape[1], target.shape[1]))
    for k in range(1 if linear else _STEPS):
        predicted = x @ ahead if linear else _probabilities(x @ ahead)
        before, solution = solution, ahead - step @ (weighted.T @ (predicted - target) + ridge @ ahead)
        ahead = solution + k / (k + 3) * (solution - before)
    return solution[:-1], solution[-1]


def _probabilities(logits: Floats) -> Floats:
    if logits.shape[1] == 1:
        return 0.5 + 0.5 * np.tanh(0.5 * logits)
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities: Floats = exponentials / exponentials.sum(axis=1, keepdims=True)
    return probabilities
