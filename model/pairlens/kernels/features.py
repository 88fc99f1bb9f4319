"""From a text's encoding and what it attended to, to the features of its positions, pooled or compared."""

from __future__ import annotations

from pairlens.kernels.compiled import compiled, row_of
from pairlens.kernels.pool import pool_rows
from pairlens.kernels.products import add_product, repeat, sum_rows
from pairlens.kernels.vectors import LANES, first, load, store


@compiled()
def _wanted(plan, feature):
    return (plan.encoding, plan.attention, plan.absolute_difference, plan.product)[feature]


@compiled()
def _feature_rows(feature, query, attended, room):
    """One feature of every position [T, F], made in `room` if it must be made."""
    if feature == 0:
        return query
    if feature == 1:
        return attended
    T, F = query.shape
    for i in range(T):
        q, a, row = row_of(query, i), row_of(attended, i), row_of(room, i)
        for f in range(0, F, LANES):
            mask = first(F - f)
            x, y = load(q, f, mask), load(a, f, mask)
            store(row, f, abs(x - y) if feature == 2 else x * y, mask)
    return room


@compiled()
def compare(query, attended, weights, bias, plan, room, out):
    """The dense layer `compare`, before its activation, of the features of every position: out [T, units], filled."""
    F, start = query.shape[1], 0
    repeat(bias, out)
    for feature in range(4):
        if _wanted(plan, feature):
            add_product(_feature_rows(feature, query, attended, room), weights[start : start + F], out)
            start += F


@compiled()
def pool_features(query, attended, shares, plan, room, out):
    """Every feature pooled over the real positions: out [features * poolings * F], filled."""
    width, start = query.shape[1] * (plan.average + plan.max), 0
    for feature in range(4):
        if _wanted(plan, feature):
            rows = _feature_rows(feature, query, attended, room)
            pool_rows(rows, shares, plan, out[start : start + width])
            start += width


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
