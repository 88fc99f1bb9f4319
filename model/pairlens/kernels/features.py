"""From a text's encoding and what it attended to, to the features of its positions, pooled or compared."""

from __future__ import annotations

import numpy as np

from pairlens.kernels.simd.compiled import LOWEST, ZERO, compiled, row_of, start_of
from pairlens.kernels.simd.products import add_product, sum_rows
from pairlens.kernels.simd.vectors import LANES, first, fma, full, load, store, zeros


@compiled()
def _combine(query, attended, differences, out):
    """The absolute differences of two arrays [T, F], or their products, in out [T, F]."""
    T, F = query.shape
    for i in range(T):
        q, a, row = row_of(query, i), row_of(attended, i), row_of(out, i)
        for f in range(0, F, LANES):
            mask = first(F - f)
            x, y = load(q, f, mask), load(a, f, mask)
            store(row, f, abs(x - y) if differences else x * y, mask)


@compiled()
def project(encoding, places, table, weights, out):
    """A text's part in the linear features of the layer `compare` (see comparison.py): out [T, P], filled.

    Args:
        encoding: float32 [T, F]. places: int32 [T], of its tokens in the table.
        table: float32 [places, P], of what the first columns of an encoding bring; without them it is empty.
        weights: float32 [other columns, P].
    """
    P = out.shape[1]
    if table.size:
        for t in range(out.shape[0]):
            row, word = row_of(out, t), row_of(table, np.int64(places[t]))
            for p in range(0, P, LANES):
                mask = first(P - p)
                store(row, p, load(word, p, mask), mask)
    else:
        out[:] = ZERO
    add_product(encoding, encoding.shape[1] - weights.shape[0], weights, 0, out, False)


@compiled()
def compare(query, own, other, scores, attended, weights, bias, plan, room, out):
    """The dense layer `compare`, before its activation, of the features of every position: out [T, units], filled.

    `own` [Tq, P] and `other` [Tv, P] are the projections of query and value.
    """
    F, units, start = query.shape[1], bias.size, 0
    for i in range(out.shape[0]):
        row, projected = row_of(out, i), row_of(own, i)
        for n in range(0, units, LANES):
            mask = first(units - n)
            total = load(start_of(bias), n, mask)
            store(row, n, total + load(projected, n, mask) if plan.encoding else total, mask)
    if plan.attention:
        add_product(scores, 0, other, units * plan.encoding, out, False)
    for differences in (True, False):
        if plan.absolute_difference if differences else plan.product:
            _combine(query, attended, differences, room)
            add_product(room, 0, weights[start : start + F], 0, out, False)
            start += F


@compiled()
def _store_pooled(wanted, average, largest, plan, out, start, f, mask, F):
    """Write the vectors at f of a feature's average and maximum, as far as wanted; returns where the next starts."""
    row = start_of(out)
    if wanted and plan.average:
        store(row, start + f, average, mask)
        start += F
    if wanted and plan.max:
        store(row, start + f, largest, mask)
        start += F
    return start


@compiled()
def pool_features(query, attended, shares, plan, out):
    """Every feature pooled over the positions that have a share: out [features * poolings * F], filled.

    All of them are made in one pass: the rows are what takes time to get, and not the sums.
    """
    F = query.shape[1]
    for f in range(0, F, LANES):
        mask, seen = first(F - f), False
        encoding = attention = difference = product = zeros()
        encodings = attentions = differences = products = full(LOWEST)
        for i in range(query.shape[0]):
            if shares[i] > ZERO:
                share, x, y = full(shares[i]), load(row_of(query, i), f, mask), load(row_of(attended, i), f, mask)
                apart, times, seen = abs(x - y), x * y, True
                encoding, attention = fma(share, x, encoding), fma(share, y, attention)
                difference, product = fma(share, apart, difference), fma(share, times, product)
                encodings, attentions = max(x, encodings), max(y, attentions)
                differences, products = max(apart, differences), max(times, products)
        if not seen:
            encodings = attentions = differences = products = zeros()
        start = _store_pooled(plan.encoding, encoding, encodings, plan, out, 0, f, mask, F)
        start = _store_pooled(plan.attention, attention, attentions, plan, out, start, f, mask, F)
        start = _store_pooled(plan.absolute_difference, difference, differences, plan, out, start, f, mask, F)
        _store_pooled(plan.product, product, products, plan, out, start, f, mask, F)


@compiled()
def pool_first(query, value, scores, shares, plan, mean_scores, out):
    """What `pool_features` gives for encoding and attention with average pooling, with less work.

    The mean of the attended rows is the mean row of scores, applied once: Tv * F products instead of Tq * Tv * F.
    `mean_scores` [Tv] is room to work in.
    """
    F = query.shape[1]
    if plan.encoding:
        sum_rows(shares, query, out[:F])
    if plan.attention:
        sum_rows(shares, scores, mean_scores)
        sum_rows(mean_scores, value, out[out.size - F :])
