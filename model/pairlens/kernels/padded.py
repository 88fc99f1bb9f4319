"""The folded convolution of padded texts and its gradient, for training (see folded_convolution.py)."""

from __future__ import annotations

import numpy as np

from pairlens.kernels.compiled import FAST, LOWEST, ZERO, compiled, kernel, matrix, vector
from pairlens.kernels.encode import sum_taps


@compiled()
def _texts(arguments):
    return vector(arguments, 0, np.int64), matrix(arguments, 1, np.int32), vector(arguments, 2, np.int32)


@kernel
def sum_padded(arguments):
    """Every text's convolution.

    Arguments: kernel size, dilation and left int64 [3]; places int32 [B, T] and lengths int32 [B] of the texts; table,
    bias and nothing, see `sum_taps`; out float32 [B * T, F], filled, with zeros after a text.
    """
    shape, places, lengths = _texts(arguments)
    table, bias = matrix(arguments, 3, np.float32), vector(arguments, 4, np.float32)
    nothing, out, T = vector(arguments, 5, np.float32), matrix(arguments, 6, np.float32), places.shape[1]
    for text in range(lengths.size):
        length = lengths[text]
        rows = out[text * T : (text + 1) * T]
        sum_taps(places[text, :length], table, bias, nothing, shape[0], shape[1], shape[2], LOWEST, rows[:length], 0)
        rows[length:] = ZERO


@compiled(fastmath=FAST)
def _spread(upstream, places, kernel_size, dilation, left, table, bias):
    """Add each row of the gradient upstream [T, F] to the rows of the table and the bias that `sum_taps` summed."""
    T, F = upstream.shape
    for t in range(T):
        added = upstream[t]
        for f in range(F):
            bias[f] += added[f]
        for k in range(kernel_size):
            source = t + k * dilation - left
            if 0 <= source < T:
                row = table[np.int64(places[source]) * kernel_size + k]
                for f in range(F):
                    row[f] += added[f]


@kernel
def sum_padded_gradient(arguments):
    """The gradient of the table and of the bias, in which every text's is added up.

    Arguments: 0-2 as above; the gradient of what came out, float32 [B * T, F]; those of the table and the bias, filled.
    """
    shape, places, lengths = _texts(arguments)
    upstream, table = matrix(arguments, 3, np.float32), matrix(arguments, 4, np.float32)
    bias = vector(arguments, 5, np.float32)
    table[:], bias[:] = ZERO, ZERO
    for text in range(lengths.size):
        start, length = text * places.shape[1], lengths[text]
        rows = upstream[start : start + length]
        _spread(rows, places[text, :length], shape[0], shape[1], shape[2], table, bias)
