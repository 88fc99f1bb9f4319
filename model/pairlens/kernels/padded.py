"""The folded convolution of padded texts and its gradient, for training (see folded_convolution.py)."""

from __future__ import annotations

import numpy as np

from pairlens.kernels import signatures
from pairlens.kernels.encode import sum_taps
from pairlens.kernels.simd.compiled import FIRST, ZERO, compiled, kernel
from pairlens.kernels.simd.loads import load, store
from pairlens.kernels.simd.rows import as_row, row_of
from pairlens.kernels.simd.vector_types import LANES
from pairlens.kernels.simd.vectors import above, choose, first, full, zeros


@kernel(signatures.SUM_PADDED)
def sum_padded(a):
    """Every text's convolution."""
    shape, least, out, T = a.shape, a.least[0], a.out, a.places.shape[1]
    for text in range(a.lengths.size):
        length = a.lengths[text]
        places, rows = a.places[text, :length], out[text * T : (text + 1) * T]
        sum_taps(places, a.table, a.bias, a.zero_row, shape[0], shape[1], shape[2], least, rows[:length], FIRST)
        rows[length:] = ZERO


@compiled()
def _add_row(added, row, F):
    """Add the first F numbers of a row to another."""
    for f in range(0, F, LANES):
        mask = first(F - f)
        store(row, f, load(row, f, mask) + load(added, f, mask), mask)


@compiled()
def _spread(upstream, out, places, shape, taps, least, table, bias, room):
    """Add each row of the gradient upstream [T, F] of out, where that is above `least`, to what these taps summed; with
    the first tap also to the bias."""
    kernel_size, dilation, left = shape[0], shape[1], shape[2]
    T, F, floor, added = upstream.shape[0], bias.size, full(least), as_row(room)
    for t in range(T):
        for f in range(0, F, LANES):
            mask = first(F - f)
            counts = above(load(row_of(out, t), f, mask), floor)
            store(added, f, choose(counts, load(row_of(upstream, t), f, mask), zeros()), mask)
        if taps[0] == 0:
            _add_row(added, as_row(bias), F)
        for k in range(taps[0], taps[1]):
            source = t + k * dilation - left
            if 0 <= source < T:
                _add_row(added, row_of(table, np.int64(places[source]) * kernel_size + k), F)


@kernel(signatures.SUM_PADDED_GRADIENT)
def sum_padded_gradient(a):
    """The gradient of some taps' rows of the table, summed over all texts; with the first tap, of the bias too."""
    T, taps = a.places.shape[1], a.taps
    for text in range(a.lengths.size):
        start, length = text * T, a.lengths[text]
        upstream, made = a.upstream[start : start + length], a.out[start : start + length]
        places = a.places[text, :length]
        _spread(upstream, made, places, a.shape, taps, a.least[0], a.table, a.bias, a.row)
