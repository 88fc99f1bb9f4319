"""Attention scores of one pair, as the Keras layer computes them."""

from __future__ import annotations

import numpy as np

from pairlens.kernels.compiled import FAST, ONE, ZERO, as_vector, compiled, is_real
from pairlens.kernels.exponentials import exp, tanh


@compiled(fastmath=FAST)
def _dot_scores(query, key, scale, out):
    """out[i, j] = scale * query[i] . key[j], in blocks of 2 x 4 that share their loads."""
    Tq, Tv, F = query.shape[0], key.shape[0], query.shape[1]
    i = 0
    while i < Tq:
        two = i + 1 < Tq
        a = query[i]
        b = query[i + 1] if two else a
        j = 0
        while j + 4 <= Tv:
            k0, k1, k2, k3 = key[j], key[j + 1], key[j + 2], key[j + 3]
            a0 = a1 = a2 = a3 = b0 = b1 = b2 = b3 = ZERO
            for f in range(F):
                x, y = a[f], b[f]
                a0 += x * k0[f]
                a1 += x * k1[f]
                a2 += x * k2[f]
                a3 += x * k3[f]
                b0 += y * k0[f]
                b1 += y * k1[f]
                b2 += y * k2[f]
                b3 += y * k3[f]
            out[i, j], out[i, j + 1], out[i, j + 2], out[i, j + 3] = a0 * scale, a1 * scale, a2 * scale, a3 * scale
            if two:
                out[i + 1, j], out[i + 1, j + 1] = b0 * scale, b1 * scale
                out[i + 1, j + 2], out[i + 1, j + 3] = b2 * scale, b3 * scale
            j += 4
        while j < Tv:
            k0 = key[j]
            a0 = b0 = ZERO
            for f in range(F):
                a0 += a[f] * k0[f]
                b0 += b[f] * k0[f]
            out[i, j] = a0 * scale
            if two:
                out[i + 1, j] = b0 * scale
            j += 1
        i += 2


@compiled(fastmath=FAST)
def _concat_scores(query, key, scale, weight, out):
    """out[i, j] = weight * sum over f of tanh(scale * (query[i] + key[j])), without an array [Tq, Tv, F]."""
    for i in range(query.shape[0]):
        q = query[i]
        for j in range(key.shape[0]):
            k = key[j]
            total = ZERO
            for f in range(q.size):
                total += tanh(scale * (q[f] + k[f]))
            out[i, j] = weight * total


@compiled()
def _exclude(row, value_ids, last, mask_zero):
    """Minus infinity at masked positions and from `last` on; all zero if that leaves nothing."""
    allowed = 0
    for j in range(row.size):
        if j < last and is_real(value_ids[j], mask_zero):
            allowed += 1
        else:
            row[j] = -np.inf
    if allowed == 0:
        row[:] = ZERO


@compiled(fastmath=FAST)
def _softmax(scores, value_ids, plan):
    """Softmax of every row in place over the positions that count; a row without any is uniform."""
    Tq, Tv = scores.shape
    for i in range(Tq):
        row = scores[i]
        if plan.causal or plan.mask_zero:
            _exclude(row, value_ids, min(i + 1, Tv) if plan.causal else Tv, plan.mask_zero)
        peak = row[0] if Tv else ZERO
        for j in range(Tv):
            peak = max(peak, row[j])
        for j in range(Tv):
            row[j] -= peak
    flat = as_vector(scores)  # one loop of Tq * Tv vectorises better than Tq short ones
    for j in range(flat.size):
        flat[j] = exp(flat[j])
    for i in range(Tq):
        row = scores[i]
        total = ZERO
        for j in range(Tv):
            total += row[j]
        share = ONE / total
        for j in range(Tv):
            row[j] *= share


@compiled()
def attend(query, key, value_ids, plan, out):
    """Attention scores [Tq, Tv] of one pair after mask and softmax, as the layer returns them."""
    if plan.dot:
        _dot_scores(query, key, np.float32(plan.scale / plan.temperature), out)
    else:
        weight = np.float32(plan.concat_score_weight / plan.temperature)
        _concat_scores(query, key, plan.scale, weight, out)
    _softmax(out, value_ids, plan)
