"""Fills in the rows that one description of the words lacks, by a linear map from another description of them.

Mikolov, Le and Sutskever 2013, "Exploiting Similarities among Languages for Machine Translation", 4: the map is learned
from the words that have both. Here it is a ridge regression with an intercept.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

_RIDGE = 0.03  # relative to the mean variance of the columns that the map starts from


def completed(rows: Floats, known: Mask, others: Floats, others_known: Mask) -> tuple[Floats, Mask]:
    """Predict the rows [words, n] that are not known from those of `others` [words, m] that are.

    A predicted row is scaled to the mean norm of the known rows, as a regression predicts rows that are too short. With
    fewer than two words whose rows are known in both, none is predicted.

    Returns:
        The rows, and which of them are now known, bool [words].
    """
    both, missing = known & others_known, others_known & ~known
    if both.sum() < 2 or not missing.any():
        return rows, known
    predicted = _predicted(others[both], rows[both], others[missing])
    norms = np.linalg.norm(predicted, axis=1, keepdims=True)
    mean_norm = np.linalg.norm(rows[known], axis=1).mean()
    out = rows.copy()
    out[missing] = predicted * (mean_norm / np.maximum(norms, 1e-6))
    return out, known | missing


def _predicted(inputs: Floats, outputs: Floats, new: Floats) -> NDArray[np.float64]:
    """The outputs [k, n] for new inputs [k, m], by ridge regression on inputs [words, m] and outputs [words, n]."""
    centre, mean = inputs.mean(axis=0, dtype=np.float64), outputs.mean(axis=0, dtype=np.float64)
    centred = inputs - centre
    gram = centred.T @ centred
    ridge = max(_RIDGE * float(np.trace(gram)) / len(gram), 1e-9)
    weights = np.linalg.solve(gram + ridge * np.eye(len(gram)), centred.T @ (outputs - mean))
    predicted: NDArray[np.float64] = (new - centre) @ weights + mean
    return predicted
