"""The scorer's inner loops, compiled by Numba.

Every loop works on one pair of texts at its true length: no padding and no batch can change a number. Texts are ragged:
`encoding[offsets[t]:offsets[t + 1]]` is text t. F is a multiple of eight, with zero columns at the end, which keep the
loops free of remainders and add nothing to any dot product.

All of them stand in this one file, because Numba's cache of a function knows of changes to its own file only.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import erf, sqrt
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float32]

# Sums may be reordered and fused; NaN and infinity keep their meaning.
_FAST = {"reassoc", "contract", "nsz", "arcp"}


def _compiled(**options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`njit` without the interpreter's lock, and kept on disk: in the package's folder, else in the user's cache."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        compiled = partial(njit, nogil=True, error_model="numpy", **options)
        try:
            return compiled(cache=True)(function)  # type: ignore[no-any-return]
        except RuntimeError:  # neither can be written: compile in every process
            return compiled()(function)  # type: ignore[no-any-return]

    return decorate


_ZERO = np.float32(0.0)
_ONE = np.float32(1.0)


class AttentionPlan(NamedTuple):
    """How attention scores are computed: the arguments of `tf_keras.layers.Attention`, as numbers."""

    dot: bool
    scale: float
    concat_score_weight: float
    temperature: float
    causal: bool


class PoolingPlan(NamedTuple):
    """Which features of a text are pooled, and how; the order of the fields is their order in the DNN's input."""

    encoding: bool
    attention: bool
    absolute_difference: bool
    product: bool
    average: bool
    max: bool


@_compiled(inline="always", fastmath=_FAST)
def _exp(x: Any) -> Any:
    """e**x for x <= 0, within 2e-7 relative (Cephes expf; the plain call would keep the loop from vectorising)."""
    x = max(x, np.float32(-87.0))
    n = np.floor(x * np.float32(1.44269504088896341) + np.float32(0.5))
    r = x - n * np.float32(0.693359375) + n * np.float32(2.12194440e-4)
    p = np.float32(1.9875691500e-4)
    p = p * r + np.float32(1.3981999507e-3)
    p = p * r + np.float32(8.3334519073e-3)
    p = p * r + np.float32(4.1665795894e-2)
    p = p * r + np.float32(1.6666665459e-1)
    p = p * r + np.float32(5.0000001201e-1)
    p = p * r * r + r + _ONE
    return p * np.int32((np.int32(n) + np.int32(127)) << np.int32(23)).view(np.float32)


@_compiled(inline="always", fastmath=_FAST)
def _tanh(x: Any) -> Any:
    e = _exp(np.float32(-2.0) * abs(x))
    t = (_ONE - e) / (_ONE + e)
    return t if x >= _ZERO else -t


@_compiled(fastmath=_FAST)
def sum_taps(ids, offsets, real, table, bias, dilation, left, out):
    """A convolution as a sum of look-ups: out[t] = bias + sum over k of table[ids[t + k * dilation - left], k].

    Args:
        ids: int32 [tokens], rows of the table. real: bool [tokens], False where a token counts as padding.
        table: float32 [rows, kernel size, F], input rows times each tap of the kernel. bias: float32 [F].
        out: float32 [tokens, F], filled.
    """
    rows, kernel, F = table.shape
    taps = table.reshape(rows * kernel, F)
    found = np.empty(kernel, np.int64)
    for text in range(offsets.size - 1):
        start, stop = offsets[text], offsets[text + 1]
        for t in range(start, stop):
            n = 0
            for k in range(kernel):
                source = t + k * dilation - left
                if start <= source < stop and real[source]:
                    found[n] = np.int64(ids[source]) * kernel + k
                    n += 1
            row = out[t]
            if n >= 4:  # four taps share one pass over the row
                a, b, c, d = taps[found[0]], taps[found[1]], taps[found[2]], taps[found[3]]
                for f in range(F):
                    row[f] = bias[f] + a[f] + b[f] + c[f] + d[f]
            else:
                for f in range(F):
                    row[f] = bias[f]
            for i in range(4 if n >= 4 else 0, n):
                a = taps[found[i]]
                for f in range(F):
                    row[f] += a[f]


@_compiled(fastmath=_FAST)
def add_matches(matched, idf, offsets, taps, dilation, left, out):
    """Add what the match channels of matched tokens bring to a convolution, in place: out [tokens, F].

    Args:
        matched: bool [tokens]. idf: float32 [tokens].
        taps: float32 [2, kernel size, F]: by how much a match, and each unit of its idf, changes the output.
    """
    kernel, F = taps.shape[1], taps.shape[2]
    for text in range(offsets.size - 1):
        start, stop = offsets[text], offsets[text + 1]
        for source in range(start, stop):
            if matched[source]:
                for k in range(kernel):
                    t = source - k * dilation + left
                    if start <= t < stop:
                        row, flat, weighted = out[t], taps[0, k], taps[1, k]
                        for f in range(F):
                            row[f] += flat[f] + idf[source] * weighted[f]


@_compiled()
def find_matches(query, query_offsets, value, value_offsets, query_matched, value_matched):
    """Which tokens of each text stand in the other text of its pair too: bool [tokens] each, filled."""
    query_matched[:] = False
    value_matched[:] = False
    for pair in range(query_offsets.size - 1):
        for i in range(query_offsets[pair], query_offsets[pair + 1]):
            for j in range(value_offsets[pair], value_offsets[pair + 1]):
                if query[i] == value[j]:
                    query_matched[i] = True
                    value_matched[j] = True


@_compiled(fastmath=_FAST)
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
            a0 = a1 = a2 = a3 = b0 = b1 = b2 = b3 = _ZERO
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
            a0 = b0 = _ZERO
            for f in range(F):
                a0 += a[f] * k0[f]
                b0 += b[f] * k0[f]
            out[i, j] = a0 * scale
            if two:
                out[i + 1, j] = b0 * scale
            j += 1
        i += 2


@_compiled(fastmath=_FAST)
def _concat_scores(query, key, scale, weight, out):
    """out[i, j] = weight * sum over f of tanh(scale * (query[i] + key[j])), without an array [Tq, Tv, F]."""
    for i in range(query.shape[0]):
        q = query[i]
        for j in range(key.shape[0]):
            k = key[j]
            total = _ZERO
            for f in range(q.size):
                total += _tanh(scale * (q[f] + k[f]))
            out[i, j] = weight * total


@_compiled(fastmath=_FAST)
def _softmax_row(row, real, last):
    """Softmax of a row in place over the positions that are real and not after `last`; uniform if there is none."""
    peak = np.float32(-np.inf)
    for j in range(last):
        if real[j]:
            peak = max(peak, row[j])
    if peak == -np.inf:
        row[:] = _ONE / np.float32(row.size)
        return
    for j in range(last):
        row[j] = _exp(min(row[j] - peak, _ZERO))
    for j in range(last):
        if not real[j]:
            row[j] = _ZERO
    row[last:] = _ZERO
    total = _ZERO
    for j in range(last):
        total += row[j]
    for j in range(last):
        row[j] /= total


@_compiled()
def _attend(query, key, value_real, plan, out):
    """Attention scores [Tq, Tv] of one pair after mask and softmax, as the layer returns them."""
    if plan.dot:
        _dot_scores(query, key, np.float32(plan.scale / plan.temperature), out)
    else:
        weight = np.float32(plan.concat_score_weight / plan.temperature)
        _concat_scores(query, key, np.float32(plan.scale), weight, out)
    Tv = key.shape[0]
    for i in range(query.shape[0]):
        _softmax_row(out[i], value_real, min(i + 1, Tv) if plan.causal else Tv)


@_compiled(fastmath=_FAST)
def _mix(weights, value, out):
    """out = sum over j of weights[j] * value[j], four rows at a time."""
    Tv, F = value.shape
    out[:] = _ZERO
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


@_compiled(fastmath=_FAST)
def _feature_rows(query, value, scores, plan, rows):
    """Every feature of every query position: rows [Tq, features * F], filled."""
    Tq, F = query.shape
    attended = np.empty(F, np.float32)
    for i in range(Tq):
        row = rows[i]
        column = 0
        if plan.encoding:
            for f in range(F):
                row[f] = query[i, f]
            column += F
        _mix(scores[i], value, attended)
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


@_compiled(fastmath=_FAST)
def _pool_rows(rows, real, width, plan, out):
    """Pool rows [T, blocks * width] over the real positions, by blocks: out [blocks * poolings * width], filled."""
    count = 0
    for i in range(rows.shape[0]):
        count += real[i]
    out[:] = _ZERO
    share = _ONE / np.float32(count)
    seen = 0
    for i in range(rows.shape[0]):
        if not real[i]:
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


@_compiled(fastmath=_FAST)
def _pool_first(query, query_real, value, scores, plan, out):
    """What `_feature_rows` and `_pool_rows` give for encoding and attention with average pooling, with less work.

    The mean of the attended rows is the mean row of scores, applied once: Tv * F products instead of Tq * Tv * F.
    """
    F = query.shape[1]
    mean_scores = np.zeros(value.shape[0], np.float32)
    count = 0
    for i in range(query.shape[0]):
        count += query_real[i]
    out[:] = _ZERO
    share = _ONE / np.float32(count)
    for i in range(query.shape[0]):
        if query_real[i]:
            if plan.encoding:
                for f in range(F):
                    out[f] += share * query[i, f]
            for j in range(mean_scores.size):
                mean_scores[j] += share * scores[i, j]
    if plan.attention:
        _mix(mean_scores, value, out[out.size - F :])


@_compiled()
def pair_features(query, key, value, attention, pooling, out, column):
    """The pooled features of one side of every pair.

    Args:
        query, value: (encoding float32 [tokens, F], offsets int64 [B + 1], real bool [tokens]).
        key: float32 [value's tokens, F].
        out: float32 [B, width], filled from `column` on.
    """
    query_encoding, query_offsets, query_real = query
    value_encoding, value_offsets, value_real = value
    F = query_encoding.shape[1]
    features = pooling.encoding + pooling.attention + pooling.absolute_difference + pooling.product
    width = features * (pooling.average + pooling.max) * F
    pool_first = not (pooling.max or pooling.absolute_difference or pooling.product)
    scratch = _scratch(query_offsets, value_offsets)
    rows = np.empty((0 if pool_first else _longest(query_offsets), features * F), np.float32)
    for pair in range(out.shape[0]):
        q0, q1 = query_offsets[pair], query_offsets[pair + 1]
        v0, v1 = value_offsets[pair], value_offsets[pair + 1]
        scores = scratch[: (q1 - q0) * (v1 - v0)].reshape((q1 - q0, v1 - v0))
        _attend(query_encoding[q0:q1], key[v0:v1], value_real[v0:v1], attention, scores)
        pooled = out[pair, column : column + width]
        if pool_first:
            _pool_first(query_encoding[q0:q1], query_real[q0:q1], value_encoding[v0:v1], scores, pooling, pooled)
        else:
            _feature_rows(query_encoding[q0:q1], value_encoding[v0:v1], scores, pooling, rows)
            _pool_rows(rows[: q1 - q0], query_real[q0:q1], F, pooling, pooled)


@_compiled()
def position_features(query, key, value, attention, pooling, out):
    """The features of every query position before pooling: out float32 [query's tokens, features * F], filled."""
    query_encoding, query_offsets, _ = query
    value_encoding, value_offsets, value_real = value
    scratch = _scratch(query_offsets, value_offsets)
    for pair in range(query_offsets.size - 1):
        q0, q1 = query_offsets[pair], query_offsets[pair + 1]
        v0, v1 = value_offsets[pair], value_offsets[pair + 1]
        scores = scratch[: (q1 - q0) * (v1 - v0)].reshape((q1 - q0, v1 - v0))
        _attend(query_encoding[q0:q1], key[v0:v1], value_real[v0:v1], attention, scores)
        _feature_rows(query_encoding[q0:q1], value_encoding[v0:v1], scores, pooling, out[q0:q1])


@_compiled()
def pool(rows, offsets, real, pooling, out, column):
    """Pool rows [tokens, width] of every text: out float32 [texts, ...], filled from `column` on."""
    width = rows.shape[1]
    end = column + width * (pooling.average + pooling.max)
    for text in range(offsets.size - 1):
        start, stop = offsets[text], offsets[text + 1]
        _pool_rows(rows[start:stop], real[start:stop], width, pooling, out[text, column:end])


@_compiled()
def _longest(offsets):
    longest = 0
    for text in range(offsets.size - 1):
        longest = max(longest, offsets[text + 1] - offsets[text])
    return longest


@_compiled()
def _scratch(query_offsets, value_offsets):
    """Room for the scores of any one pair."""
    largest = 0
    for pair in range(query_offsets.size - 1):
        Tq, Tv = query_offsets[pair + 1] - query_offsets[pair], value_offsets[pair + 1] - value_offsets[pair]
        largest = max(largest, Tq * Tv)
    return np.empty(largest, np.float32)


@_compiled()
def pair_scores(query, key, value, attention, out, out_offsets):
    """The attention scores of pair p, row by row, into out[out_offsets[p]:out_offsets[p + 1]]; see pair_features."""
    query_encoding, query_offsets, _ = query
    _, value_offsets, value_real = value
    for pair in range(out_offsets.size - 1):
        q0, q1 = query_offsets[pair], query_offsets[pair + 1]
        v0, v1 = value_offsets[pair], value_offsets[pair + 1]
        scores = out[out_offsets[pair] : out_offsets[pair + 1]].reshape((q1 - q0, v1 - v0))
        _attend(query_encoding[q0:q1], key[v0:v1], value_real[v0:v1], attention, scores)


@_compiled()
def gelu(x: Floats) -> None:
    """x * Phi(x) in place, with the exact error function, which NumPy lacks."""
    flat = x.reshape(-1)
    for i in range(flat.size):
        flat[i] *= np.float32(0.5 * (1.0 + erf(flat[i] / sqrt(2.0))))


@_compiled()
def overlap(query, query_offsets, value, value_offsets, idf, out):
    """The features that overlap.py lists, of every pair: out float32 [B, 15], filled."""
    for pair in range(out.shape[0]):
        q = query[query_offsets[pair] : query_offsets[pair + 1]]
        v = value[value_offsets[pair] : value_offsets[pair + 1]]
        # Each set as (size, weight) of its tokens that stand in the other text, and of those that do not.
        q_in, q_in_weight, q_out, q_out_weight = _split(q, v, idf)
        v_in, v_in_weight, v_out, v_out_weight = _split(v, q, idf)
        q_bigrams, q_common = _bigrams(q, v)
        v_bigrams, v_common = _bigrams(v, q)
        row = out[pair]
        row[0] = _ratio(q_in, q_in + q_out)
        row[1] = _ratio(v_in, v_in + v_out)
        row[2] = _ratio(q_in, q_in + q_out + v_out)
        row[3] = _ratio(q_in_weight, q_in_weight + q_out_weight)
        row[4] = _ratio(v_in_weight, v_in_weight + v_out_weight)
        row[5] = _ratio(q_in_weight, q_in_weight + q_out_weight + v_out_weight)
        row[6] = np.log1p(q_in_weight)
        row[7] = np.log1p(q_out_weight)
        row[8] = np.log1p(v_out_weight)
        row[9] = _ratio(q_common, q_bigrams)
        row[10] = _ratio(v_common, v_bigrams)
        row[11] = np.log(max(q.size, 1))
        row[12] = np.log(max(v.size, 1))
        row[13] = row[11] - row[12]
        row[14] = q.size == v.size and np.all(q == v)


@_compiled()
def _ratio(part, whole):
    return part / whole if whole > 0 else 0.0


@_compiled()
def _split(text, other, idf):
    """How many distinct tokens of a text stand in the other and their idf, and the same for those that do not."""
    inside, inside_weight, outside, outside_weight = 0, 0.0, 0, 0.0
    for i in range(text.size):
        if _stands_in(text[i], text[:i]):
            continue
        if _stands_in(text[i], other):
            inside += 1
            inside_weight += idf[text[i]]
        else:
            outside += 1
            outside_weight += idf[text[i]]
    return inside, inside_weight, outside, outside_weight


@_compiled()
def _stands_in(token, text):
    for other in text:
        if other == token:
            return True
    return False


@_compiled()
def _bigrams(text, other):
    """How many distinct bigrams a text has, and how many of them the other has too."""
    distinct = common = 0
    for i in range(text.size - 1):
        if _has_bigram(text[: i + 1], text[i], text[i + 1]):
            continue
        distinct += 1
        common += _has_bigram(other, text[i], text[i + 1])
    return distinct, common


@_compiled()
def _has_bigram(text, first, second):
    for i in range(text.size - 1):
        if text[i] == first and text[i + 1] == second:
            return True
    return False
