"""Pooling over the positions of a text."""

from __future__ import annotations

import numpy as np

from pairlens.kernels import signatures
from pairlens.kernels.ids import is_real
from pairlens.kernels.simd.compiled import ONE, ZERO, compiled, kernel
from pairlens.kernels.simd.loads import load, store
from pairlens.kernels.simd.products import FRESH, sum_rows
from pairlens.kernels.simd.rows import as_row, row_of
from pairlens.kernels.simd.vector_types import LANES
from pairlens.kernels.simd.vectors import first, zeros


@compiled()
def share_positions(ids, mask_zero, out):
    """Fill float32 [T] with the share of each position in the average over the real positions; 0 for padding."""
    count = 0
    for i in range(ids.size):
        count += is_real(ids[i], mask_zero)
    share = ONE / np.float32(count)
    for i in range(ids.size):
        out[i] = share if is_real(ids[i], mask_zero) else ZERO


@compiled()
def pool_rows(rows, shares, plan, out):
    """Fill out with the poolings of the plan, over the rows [T, F] that have a share."""
    F = rows.shape[1]
    if plan.average >= 0:
        sum_rows(shares, rows, out[plan.average * F : (plan.average + 1) * F], FRESH)
    if plan.max >= 0:
        _largest(rows, shares, out[plan.max * F : (plan.max + 1) * F])


@compiled()
def _largest(rows, shares, out):
    """Fill out [F] with the maximum of each column over the rows that have a share; 0 if none has."""
    F = rows.shape[1]
    for f in range(0, F, LANES):
        mask, seen, highest = first(F - f), False, zeros()
        for i in range(rows.shape[0]):
            if shares[i] > ZERO:
                row = load(row_of(rows, i), f, mask)
                highest = max(row, highest) if seen else row
                seen = True
        store(as_row(out), f, highest, mask)


@kernel(signatures.POOL)
def pool(a):
    """Pool the rows of every text."""
    plan, rows, column = a.plan[0], a.rows, a.column[0]
    end = column + rows.shape[1] * plan.poolings
    for text in range(a.offsets.size - 1):
        start, stop = a.offsets[text], a.offsets[text + 1]
        shares = a.shares[: stop - start]
        share_positions(a.ids[start:stop], plan.mask_zero, shares)
        pool_rows(rows[start:stop], shares, plan, a.out[text, column:end])
