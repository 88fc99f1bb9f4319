"""Activation functions by their Keras names, on plain arrays. They may overwrite their argument.

Source: https://www.tensorflow.org/api_docs/python/tf/keras/activations
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pairlens.kernels import signatures
from pairlens.kernels.loader import call

Floats = NDArray[np.float32]

_SELU_ALPHA = 1.6732632423543772
_SELU_SCALE = 1.0507009873554805


def activate(name: str, x: Floats) -> Floats:  # noqa: PLR0911  (a table)
    """The activation `name` of x, same shape."""
    match name:
        case "linear":
            return x
        case "relu":
            return np.maximum(x, 0.0, out=x)
        case "elu":
            return _elu(x, 1.0)
        case "selu":
            return np.float32(_SELU_SCALE) * _elu(x, _SELU_ALPHA)
        case "gelu":
            call(signatures.GELU, x=x.reshape(-1))
            return x
        case "tanh":
            return np.tanh(x, out=x)
        case "sigmoid":
            return _sigmoid(x)
        case "swish":
            return x * _sigmoid(x)
        case "softplus":
            return np.logaddexp(x, np.float32(0.0), out=x)
        case "softsign":
            return np.divide(x, 1.0 + np.abs(x), out=x)
    raise ValueError(f"unknown activation {name!r}")


def softmax(x: Floats) -> Floats:
    """Softmax over the last axis."""
    e: Floats = np.exp(x - x.max(axis=-1, keepdims=True))
    e /= e.sum(axis=-1, keepdims=True)
    return e


def _elu(x: Floats, alpha: float) -> Floats:
    negative = np.float32(alpha) * np.expm1(np.minimum(x, np.float32(0.0)))
    return np.where(x > 0.0, x, negative).astype(np.float32, copy=False)


def _sigmoid(x: Floats) -> Floats:
    # By way of exp(-|x|), which never overflows.
    e = np.exp(-np.abs(x))
    one = np.float32(1.0)
    return (np.where(x >= 0.0, one, e) / (one + e)).astype(np.float32, copy=False)
