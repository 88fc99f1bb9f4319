"""Attention as in the Keras layer, for all or some positions of the query: scores, softmax, and what is attended to."""

from __future__ import annotations

import numpy as np

from pairlens.kernels.ids import is_real
from pairlens.kernels.simd.compiled import FAST, FIRST, LOWEST, ONE, ZERO, compiled
from pairlens.kernels.simd.exponentials import exp, tanh
from pairlens.kernels.simd.loads import load, store
from pairlens.kernels.simd.products import FRESH, add_product, dot_products
from pairlens.kernels.simd.rows import row_of
from pairlens.kernels.simd.vector_types import LANES
from pairlens.kernels.simd.vectors import choose, first, full, largest, total, zeros


@compiled(fastmath=FAST)
def _concat_scores(query, key, scale, weight, out):
    """out[i, j] = weight * sum over f of tanh(scale * (query[i] + key[j])), without an array [Tq, Tv, F]."""
    F, factor = query.shape[1], full(np.float32(scale))
    for i in range(query.shape[0]):
        q = row_of(query, i)
        for j in range(key.shape[0]):
            k, summed = row_of(key, j), zeros()
            for f in range(0, F, LANES):
                mask = first(F - f)  # past F, tanh of zeros adds nothing
                summed = summed + tanh(factor * (load(q, f, mask) + load(k, f, mask)))
            out[i, j] = weight * total(summed)


@compiled()
def _exclude(row, value_ids, last, mask_zero):
    """Set masked positions and those from `last` on to minus infinity, or all to zero if no others remain."""
    allowed = 0
    for j in range(row.size):
        if j < last and is_real(value_ids[j], mask_zero):
            allowed += 1
        else:
            row[j] = -np.inf
    if allowed == 0:
        row[:] = ZERO


@compiled()
def raw_scores(query, key, plan, out):
    """Fill out [rows, Tv] with the attention scores of some rows of the query, before mask and softmax."""
    if plan.dot:
        dot_products(query, key, np.float32(plan.scale / plan.temperature), out)
    else:
        weight = np.float32(plan.concat_score_weight / plan.temperature)
        _concat_scores(query, key, plan.scale, weight, out)


@compiled()
def transpose(x, rows, columns, out):
    """out = x transposed, for the first `rows` rows and `columns` columns."""
    for i in range(rows):
        for j in range(columns):
            out[j, i] = x[i, j]


@compiled(fastmath=FAST)
def softmax(scores, start, value_ids, plan):
    """Softmax of every row in place over the positions that are not masked, or over all if every one is masked.

    The first row belongs to the query's position `start`. The rows must be padded after `value_ids.size` columns to
    whole vectors; the padding becomes zero.
    """
    Tq, Tv, whole, lowest = scores.shape[0], value_ids.size, first(LANES), full(LOWEST)
    for i in range(Tq):
        if plan.causal or plan.mask_zero:
            _exclude(scores[i, :Tv], value_ids, min(start + i + 1, Tv) if plan.causal else Tv, plan.mask_zero)
        row, highest, summed = row_of(scores, i), lowest, zeros()
        for j in range(0, Tv, LANES):
            highest = max(choose(first(Tv - j), load(row, j, whole), lowest), highest)
        highest = full(largest(highest))
        for j in range(0, Tv, LANES):
            weight = choose(first(Tv - j), exp(load(row, j, whole) - highest), zeros())
            summed = summed + weight
            store(row, j, weight, whole)
        share = full(ONE / total(summed))
        for j in range(0, Tv, LANES):
            store(row, j, load(row, j, whole) * share, whole)


@compiled()
def attend(scores, value, out):
    """out [rows, F] = scores [rows, Tv] @ value [Tv, F]: what each row of the query attended to."""
    add_product(scores, FIRST, value, FIRST, out, FRESH)
