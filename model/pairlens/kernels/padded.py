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
    """Fill the convolution of every text, and zeros after its end."""
    shape, least, out, T = a.shape, a.least[0], a.out, a.indices.shape[1]
    for text in range(a.lengths.size):
        length = a.lengths[text]
        indices, rows = a.indices[text, :length], out[text * T : (text + 1) * T]
        sum_taps(indices, a.table, a.bias, a.zero_row, shape[0], shape[1], shape[2], least, rows[:length], FIRST)
        rows[length:] = ZERO


@compiled()
def _add_row(added, row, F):
    """row += added, for the first F numbers."""
    for f in range(0, F, LANES):
        mask = first(F - f)
        store(row, f, load(row, f, mask) + load(added, f, mask), mask)


@compiled()
def _spread(upstream, out, indices, shape, taps, least, table, bias, buffer):
    """Add each row of the gradient upstream [T, F], where out is above `least`, to the table's rows that these taps
    added up; with the first tap also to the bias."""
    kernel_size, dilation, left = shape[0], shape[1], shape[2]
    T, F, floor, added = upstream.shape[0], bias.size, full(least), as_row(buffer)
    for t in range(T):
        for f in range(0, F, LANES):
            mask = first(F - f)
            passes = above(load(row_of(out, t), f, mask), floor)
            store(added, f, choose(passes, load(row_of(upstream, t), f, mask), zeros()), mask)
        if taps[0] == 0:
            _add_row(added, as_row(bias), F)
        for k in range(taps[0], taps[1]):
            source = t + k * dilation - left
            if 0 <= source < T:
                _add_row(added, row_of(table, np.int64(indices[source]) * kernel_size + k), F)


@kernel(signatures.SUM_PADDED_GRADIENT)
def sum_padded_gradient(a):
    """Sum the gradient of some taps' rows of the table over all texts; with the first tap also that of the bias."""
    T, taps = a.indices.shape[1], a.taps
    for text in range(a.lengths.size):
        start, length = text * T, a.lengths[text]
        upstream, out = a.upstream[start : start + length], a.out[start : start + length]
        indices = a.indices[text, :length]
        _spread(upstream, out, indices, a.shape, taps, a.least[0], a.table, a.bias, a.row)
