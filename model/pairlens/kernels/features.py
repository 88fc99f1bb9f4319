"""The features of a text's positions, computed from its encoding and what it attended to; then pooled or compared."""

from __future__ import annotations

import numpy as np

from pairlens.kernels.simd.compiled import FIRST, LOWEST, ZERO, compiled
from pairlens.kernels.simd.loads import load, store
from pairlens.kernels.simd.products import FRESH, ONTO, add_product, sum_rows
from pairlens.kernels.simd.rows import as_row, row_of
from pairlens.kernels.simd.vector_types import LANES
from pairlens.kernels.simd.vectors import first, fma, full, zeros


@compiled()
def _combine(query, attended, differences, out):
    """Fill out [T, F] with the absolute differences of two arrays [T, F], or with their products."""
    T, F = query.shape
    for i in range(T):
        q, a, row = row_of(query, i), row_of(attended, i), row_of(out, i)
        for f in range(0, F, LANES):
            mask = first(F - f)
            x, y = load(q, f, mask), load(a, f, mask)
            store(row, f, abs(x - y) if differences else x * y, mask)


@compiled()
def project(encoding, indices, table, weights, out):
    """Fill out [T, P] with a text's projection for the layer `compare` (see scoring/compare_layer.py).

    Args:
        encoding: float32 [T, F]. indices: int32 [T], the index of each token in the table.
        table: float32 [words, P], the projections of the embedding's columns; empty without them.
        weights: float32 [other columns of an encoding, P].
    """
    P = out.shape[1]
    if table.size:
        for t in range(out.shape[0]):
            row, word = row_of(out, t), row_of(table, np.int64(indices[t]))
            for p in range(0, P, LANES):
                mask = first(P - p)
                store(row, p, load(word, p, mask), mask)
    else:
        out[:] = ZERO
    add_product(encoding, encoding.shape[1] - weights.shape[0], weights, FIRST, out, ONTO)


@compiled()
def compare(query, own, other, scores, attended, weights, bias, plan, feature, out):
    """Fill out [rows, units] with the dense layer `compare` of some rows of the query, before its activation.

    Args:
        own: float32 [rows, P], the projection of the query's rows. other: float32 [Tv, P], the value's projection.
        weights: float32 [other features * F, units], the weights of the features that are not linear.
        feature: float32 [rows, F], a buffer.
    """
    units = bias.size
    for i in range(out.shape[0]):
        row, projected = row_of(out, i), row_of(own, i)
        for n in range(0, units, LANES):
            mask = first(units - n)
            total = load(as_row(bias), n, mask)
            if plan.encoding >= 0:
                total = total + load(projected, plan.encoding * units + n, mask)
            store(row, n, total, mask)
    if plan.attention >= 0:
        add_product(scores, FIRST, other, plan.attention * units, out, ONTO)
    for differences in (True, False):
        number = plan.absolute_difference if differences else plan.product
        if number >= 0:
            _combine(query, attended, differences, feature)
            start = (number - plan.linear_features) * query.shape[1]
            add_product(feature, FIRST, weights[start : start + query.shape[1]], FIRST, out, ONTO)


@compiled()
def _store_pooled(number, average, largest, plan, out, f, mask, F):
    """Store the vectors at f of a feature's average and maximum; `number` is the feature's index, -1 for none."""
    row, start = as_row(out), number * plan.poolings
    if number >= 0 and plan.average >= 0:
        store(row, (start + plan.average) * F + f, average, mask)
    if number >= 0 and plan.max >= 0:
        store(row, (start + plan.max) * F + f, largest, mask)


@compiled()
def pool_features(query, attended, shares, plan, out):
    """Fill out [features * poolings * F] with every feature, pooled over the positions that have a share.

    All are computed in one pass, because loading the rows takes longer than the sums.
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
        _store_pooled(plan.encoding, encoding, encodings, plan, out, f, mask, F)
        _store_pooled(plan.attention, attention, attentions, plan, out, f, mask, F)
        _store_pooled(plan.absolute_difference, difference, differences, plan, out, f, mask, F)
        _store_pooled(plan.product, product, products, plan, out, f, mask, F)


@compiled()
def pool_first(query, value, mean_scores, shares, plan, out):
    """Do the same as `pool_features` for encoding and attention with average pooling, with less work.

    The mean of what the rows attended to is the mean row of scores times the value: Tv * F products instead of
    Tq * Tv * F. `mean_scores` [Tv] is that mean row.
    """
    F = query.shape[1]
    if plan.encoding >= 0:
        sum_rows(shares, query, out[plan.encoding * F : (plan.encoding + 1) * F], FRESH)
    if plan.attention >= 0:
        sum_rows(mean_scores, value, out[plan.attention * F : (plan.attention + 1) * F], FRESH)
