"""From attention scores to the features of every position, and to pooled features.

`attended` float32 [F] and `mean_scores` float32 [Tv] are room to work in.
"""

from __future__ import annotations

import numpy as np

from pairlens.kernels.compiled import FAST, ONE, ZERO, compiled, is_real, kernel, matrix, vector
from pairlens.plan import PLAN


@compiled(fastmath=FAST)
def mix(weights, value, out):
    """out = sum over j of weights[j] * value[j], four rows at a time."""
    Tv, F = value.shape
    out[:] = ZERO
    j = 0
    while j + 4 <= Tv:
        w0, w1, w2, w3 = weights[j], weights[j + 1], weights[j + 2], weights[j + 3]
        v0, v1, v2, v3 = value[j], value[j + 1], value[j + 2], value[j + 3]
        for f in range(F):
            out[f] += w0 * v0[f] + w1 * v1[f] + w2 * v2[f] + w3 * v3[f]
        j += 4
    while j < Tv:
        w0, v0 = weights[j], value[j]
        for f in range(F):
            out[f] += w0 * v0[f]
        j += 1


@compiled(fastmath=FAST)
def feature_rows(query, value, scores, plan, attended, rows):
    """Every feature of every query position: rows [Tq, features * F], filled."""
    Tq, F = query.shape
    for i in range(Tq):
        row = rows[i]
        column = 0
        if plan.encoding:
            for f in range(F):
                row[f] = query[i, f]
            column += F
        mix(scores[i], value, attended)
        if plan.attention:
            part = row[column : column + F]
            for f in range(F):
                part[f] = attended[f]
            column += F
        if plan.absolute_difference:
            part = row[column : column + F]
            for f in range(F):
                part[f] = abs(query[i, f] - attended[f])
            column += F
        if plan.product:
            part = row[column : column + F]
            for f in range(F):
                part[f] = query[i, f] * attended[f]


@compiled(fastmath=FAST)
def pool_rows(rows, ids, width, plan, out):
    """Pool rows [T, blocks * width] over the real positions, by blocks: out [blocks * poolings * width], filled."""
    count, mask_zero = 0, plan.mask_zero
    for i in range(rows.shape[0]):
        count += is_real(ids[i], mask_zero)
    out[:] = ZERO
    share = ONE / np.float32(count)
    seen = 0
    for i in range(rows.shape[0]):
        if not is_real(ids[i], mask_zero):
            continue
        column = 0
        for start in range(0, rows.shape[1], width):
            row = rows[i, start : start + width]
            if plan.average:
                average = out[column : column + width]
                for f in range(width):
                    average[f] += share * row[f]
                column += width
            if plan.max:
                highest = out[column : column + width]
                if seen == 0:
                    for f in range(width):
                        highest[f] = row[f]
                else:
                    for f in range(width):
                        highest[f] = max(highest[f], row[f])
                column += width
        seen += 1


@compiled(fastmath=FAST)
def pool_first(query, query_ids, value, scores, plan, mean_scores, out):
    """What `feature_rows` and `pool_rows` give for encoding and attention with average pooling, with less work.

    The mean of the attended rows is the mean row of scores, applied once: Tv * F products instead of Tq * Tv * F.
    """
    F = query.shape[1]
    mean_scores[:] = ZERO
    count, mask_zero = 0, plan.mask_zero
    for i in range(query.shape[0]):
        count += is_real(query_ids[i], mask_zero)
    out[:] = ZERO
    share = ONE / np.float32(count)
    for i in range(query.shape[0]):
        if is_real(query_ids[i], mask_zero):
            if plan.encoding:
                for f in range(F):
                    out[f] += share * query[i, f]
            for j in range(mean_scores.size):
                mean_scores[j] += share * scores[i, j]
    if plan.attention:
        mix(mean_scores, value, out[out.size - F :])


@kernel
def pool(arguments):
    """Pool rows of every text.

    Arguments: plan [1]; ids int32 [tokens], their offsets int64 [texts + 1]; rows float32 [tokens, width];
    column int64 [1]; out float32 [texts, ...], filled from `column` on.
    """
    plan = vector(arguments, 0, PLAN)[0]
    ids, offsets = vector(arguments, 1, np.int32), vector(arguments, 2, np.int64)
    rows, column, out = (
        matrix(arguments, 3, np.float32),
        vector(arguments, 4, np.int64)[0],
        matrix(arguments, 5, np.float32),
    )
    width = rows.shape[1]
    end = column + width * (plan.average + plan.max)
    for text in range(offsets.size - 1):
        start, stop = offsets[text], offsets[text + 1]
        pool_rows(rows[start:stop], ids[start:stop], width, plan, out[text, column:end])
