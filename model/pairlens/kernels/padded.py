"""The folded convolution of padded texts and its gradient, for training (see folded_convolution.py)."""

from __future__ import annotations

import numpy as np

from pairlens.kernels.encode import sum_taps
from pairlens.kernels.simd.compiled import ZERO, compiled, kernel, matrix, row_of, start_of, vector
from pairlens.kernels.simd.vectors import LANES, above, choose, first, full, load, store, zeros


@compiled()
def _texts(arguments):
    return vector(arguments, 0, np.int64), matrix(arguments, 1, np.int32), vector(arguments, 2, np.int32)


@kernel
def sum_padded(arguments):
    """Every text's convolution.

    Arguments: kernel size, dilation and left int64 [3]; places int32 [B, T] and lengths int32 [B] of the texts; `least`
    float32 [1]; table, bias and nothing, see `sum_taps`; out float32 [B * T, F], filled, with zeros after a text.
    """
    shape, places, lengths = _texts(arguments)
    least, table = vector(arguments, 3, np.float32)[0], matrix(arguments, 4, np.float32)
    bias, nothing = vector(arguments, 5, np.float32), vector(arguments, 6, np.float32)
    out, T = matrix(arguments, 7, np.float32), places.shape[1]
    for text in range(lengths.size):
        length = lengths[text]
        rows = out[text * T : (text + 1) * T]
        sum_taps(places[text, :length], table, bias, nothing, shape[0], shape[1], shape[2], least, rows[:length], 0)
        rows[length:] = ZERO


@compiled()
def _add_row(added, row, F):
    """Add F numbers to a row, both given by their addresses."""
    for f in range(0, F, LANES):
        mask = first(F - f)
        store(row, f, load(row, f, mask) + load(added, f, mask), mask)


@compiled()
def _spread(upstream, out, places, shape, taps, least, table, bias, room):
    """Add each row of the gradient upstream [T, F] of out, where that is above `least`, to what these taps summed; with
    the first tap also to the bias."""
    kernel_size, dilation, left = shape[0], shape[1], shape[2]
    T, F, floor, added = upstream.shape[0], bias.size, full(least), start_of(room)
    for t in range(T):
        for f in range(0, F, LANES):
            mask = first(F - f)
            counts = above(load(row_of(out, t), f, mask), floor)
            store(added, f, choose(counts, load(row_of(upstream, t), f, mask), zeros()), mask)
        if taps[0] == 0:
            _add_row(added, start_of(bias), F)
        for k in range(taps[0], taps[1]):
            source = t + k * dilation - left
            if 0 <= source < T:
                _add_row(added, row_of(table, np.int64(places[source]) * kernel_size + k), F)


@kernel
def sum_padded_gradient(arguments):
    """The gradient of some taps' rows of the table, in which every text's is added up; with the first, of the bias too.

    Arguments: 0-3 as above; the gradient of what came out and what came out, float32 [B * T, F]; those of the table and
    the bias, added to; room for a row; the first of the taps and the one behind the last, int64 [2].
    """
    shape, places, lengths = _texts(arguments)
    least, upstream = vector(arguments, 3, np.float32)[0], matrix(arguments, 4, np.float32)
    out, table = matrix(arguments, 5, np.float32), matrix(arguments, 6, np.float32)
    bias, room, taps = (
        vector(arguments, 7, np.float32),
        vector(arguments, 8, np.float32),
        vector(arguments, 9, np.int64),
    )
    for text in range(lengths.size):
        start, length = text * places.shape[1], lengths[text]
        rows, made = upstream[start : start + length], out[start : start + length]
        _spread(rows, made, places[text, :length], shape, taps, least, table, bias, room)
