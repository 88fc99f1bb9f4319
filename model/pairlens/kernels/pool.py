"""Pooling over the positions of a text."""

from __future__ import annotations

import numpy as np

from pairlens.kernels.plan import PLAN
from pairlens.kernels.simd.compiled import ONE, ZERO, compiled, is_real, kernel, matrix, row_of, start_of, vector
from pairlens.kernels.simd.products import sum_rows
from pairlens.kernels.simd.vectors import LANES, first, load, store, zeros


@compiled()
def share_positions(ids, mask_zero, out):
    """The share of each position of a text in an average over its real positions: float32 [T], filled; else 0."""
    count = 0
    for i in range(ids.size):
        count += is_real(ids[i], mask_zero)
    share = ONE / np.float32(count)
    for i in range(ids.size):
        out[i] = share if is_real(ids[i], mask_zero) else ZERO


@compiled()
def pool_rows(rows, shares, plan, out):
    """Average and maximum, as far as the plan wants them, of the rows [T, F] that have a share: out, filled."""
    F = rows.shape[1]
    if plan.average:
        sum_rows(shares, rows, out[:F])
    if plan.max:
        _largest(rows, shares, out[out.size - F :])


@compiled()
def _largest(rows, shares, out):
    """The largest of each column over the rows that have a share; 0 where none has."""
    F = rows.shape[1]
    for f in range(0, F, LANES):
        mask, seen, highest = first(F - f), False, zeros()
        for i in range(rows.shape[0]):
            if shares[i] > ZERO:
                row = load(row_of(rows, i), f, mask)
                highest = max(row, highest) if seen else row
                seen = True
        store(start_of(out), f, highest, mask)


@kernel
def pool(arguments):
    """Pool rows of every text.

    Arguments: plan [1]; ids int32 [tokens], their offsets int64 [texts + 1]; rows float32 [tokens, F];
    column int64 [1]; room for a share of each position of the longest text; out float32 [texts, ...], filled from
    `column` on.
    """
    plan = vector(arguments, 0, PLAN)[0]
    ids, offsets = vector(arguments, 1, np.int32), vector(arguments, 2, np.int64)
    rows, column = matrix(arguments, 3, np.float32), vector(arguments, 4, np.int64)[0]
    room, out = vector(arguments, 5, np.float32), matrix(arguments, 6, np.float32)
    end = column + rows.shape[1] * (plan.average + plan.max)
    for text in range(offsets.size - 1):
        start, stop = offsets[text], offsets[text + 1]
        shares = room[: stop - start]
        share_positions(ids[start:stop], plan.mask_zero, shares)
        pool_rows(rows[start:stop], shares, plan, out[text, column:end])
