"""From token ids to encodings: a folded convolution, computed as sums of look-ups (see scoring/convolution.py)."""

from __future__ import annotations

import numpy as np

from pairlens.kernels import signatures
from pairlens.kernels.ids import is_real
from pairlens.kernels.simd.compiled import FAST, FIRST, LOWEST, ONE, ZERO, compiled, kernel
from pairlens.kernels.simd.loads import load, store
from pairlens.kernels.simd.rows import as_row, row_of
from pairlens.kernels.simd.vector_types import LANES
from pairlens.kernels.simd.vectors import first, full


@compiled()
def _tap(indices, table, kernel_size, k, position, zero_row):
    """The table's row of tap k for the token at the position; zeros outside of the text."""
    if k < kernel_size and 0 <= position < indices.size:
        return row_of(table, np.int64(indices[position]) * kernel_size + k)
    return as_row(zero_row)


@compiled()
def _add_taps(a, b, c, d, start, floor, row, f, mask):
    """Store in row, at f, the sum of the vectors at f of a row to start from and of four taps' rows."""
    taps = (load(a, f, mask) + load(b, f, mask)) + (load(c, f, mask) + load(d, f, mask))
    store(row, f, max(load(start, f, mask) + taps, floor), mask)


@compiled()
def sum_taps(indices, table, bias, zero_row, kernel_size, dilation, left, least, out, column):
    """A convolution as a sum of look-ups, no output below `least`.

    out[t] is the bias, plus for each tap k the table's row for tap k of the token at t + k * dilation - left.

    Args:
        indices: int32 [T], the index of each token in the table.
        table: float32 [entries * kernel size, F], each entry times each tap of the kernel. bias: float32 [F].
        zero_row: float32 [F].
        out: float32 [T, column + F], filled from `column` on.
    """
    F, lowest = bias.size, full(LOWEST)
    whole = F - F % LANES
    for t in range(out.shape[0]):
        row = row_of(out, t, column)
        for k in range(0, kernel_size, 4):  # four taps share one pass over the row
            position = t + k * dilation - left
            a = _tap(indices, table, kernel_size, k, position, zero_row)
            b = _tap(indices, table, kernel_size, k + 1, position + dilation, zero_row)
            c = _tap(indices, table, kernel_size, k + 2, position + 2 * dilation, zero_row)
            d = _tap(indices, table, kernel_size, k + 3, position + 3 * dilation, zero_row)
            start = as_row(bias) if k == 0 else row
            floor = full(np.float32(least)) if k + 4 >= kernel_size else lowest
            for f in range(0, whole, LANES):
                _add_taps(a, b, c, d, start, floor, row, f, first(LANES))
            if whole < F:
                _add_taps(a, b, c, d, start, floor, row, whole, first(F - whole))


@compiled(fastmath=FAST)
def _add_matches(ids, matched, idf, taps, plan, out, column):
    """Add the match channels' contribution of matched tokens to a convolution, in place.

    Args:
        matched: float32 [T], 1 where a token also occurs in the other text. idf: float32 [input_dim].
        taps: float32 [2 * kernel size, F]: by how much a match, and each unit of its idf, changes the output.
        out: float32 [T, column + F], changed from `column` on.
    """
    T, F = out.shape[0], taps.shape[1]
    for source in range(T):
        if matched[source] == ZERO:
            continue
        weight = idf[ids[source]]
        for k in range(plan.kernel_size):
            t = source - k * plan.dilation + plan.left
            if 0 <= t < T:
                row, flat, weighted = out[t, column:], taps[k], taps[plan.kernel_size + k]
                for f in range(F):
                    row[f] += flat[f] + weight * weighted[f]


@compiled()
def find_matches(query, value, plan, query_matched, value_matched):
    """Fill float32 [Tq] and [Tv] with 1 for the tokens that also occur in the other text of the pair, else 0."""
    query_matched[:] = ZERO
    value_matched[:] = ZERO
    mask_zero = plan.mask_zero
    for i in range(query.size):
        if is_real(query[i], mask_zero):
            for j in range(value.size):
                if query[i] == value[j]:
                    query_matched[i] = ONE
                    value_matched[j] = ONE


@compiled(fastmath=FAST)
def encode_text(ids, indices, matched, table, bias, zero_row, taps, idf, embeddings, plan, out):
    """Encode one text: its embedding with the match channels, its convolution, or both side by side.

    Args:
        ids: int32 [T]. matched: float32 [T]. taps, idf: see `_add_matches`.
        indices, table, bias, zero_row: see `sum_taps`.
        embeddings: float32 [input_dim, dim].
        out: float32 [T, width], filled.
    """
    T, start = ids.size, plan.embedding_columns
    if start:
        for t in range(T):
            row, embedding = out[t, :start], embeddings[ids[t]]
            for f in range(plan.dim):
                row[f] = embedding[f]
            if plan.match:
                row[plan.dim] = ONE if matched[t] != ZERO else -ONE
                row[plan.dim + 1] = matched[t] * idf[ids[t]]
    if plan.kernel_size:
        least = ZERO if plan.relu and not plan.match else LOWEST
        sum_taps(indices, table, bias, zero_row, plan.kernel_size, plan.dilation, plan.left, least, out, start)
        if plan.match:
            _add_matches(ids, matched, idf, taps, plan, out, start)
        if plan.relu and plan.match:
            for t in range(T):
                row = out[t, start:]
                for f in range(row.size):
                    row[f] = max(row[f], ZERO)
    if plan.mask_zero:
        for t in range(T):
            if ids[t] == 0:
                out[t, :] = ZERO


@kernel(signatures.CONVOLVE)
def convolve(a):
    """A convolution after the first, of every text; the table's entries are the positions of the texts."""
    size, dilation, left = a.shape[0], a.shape[1], a.shape[2]
    for text in range(a.offsets.size - 1):
        start, stop = a.offsets[text], a.offsets[text + 1]
        indices, out = a.indices[start:stop], a.out[start:stop]
        sum_taps(indices, a.table, a.bias, a.zero_row, size, dilation, left, LOWEST, out, FIRST)


@kernel(signatures.ENCODE)
def encode(a):
    """The encodings of both texts of every pair, before any activation."""
    plan = a.plan[0]
    for pair in range(a.query_offsets.size - 1):
        q0, q1 = a.query_offsets[pair], a.query_offsets[pair + 1]
        v0, v1 = a.value_offsets[pair], a.value_offsets[pair + 1]
        query_ids, value_ids = a.query_ids[q0:q1], a.value_ids[v0:v1]
        query_matched, value_matched = a.query_matched[: q1 - q0], a.value_matched[: v1 - v0]
        if plan.match:
            find_matches(query_ids, value_ids, plan, query_matched, value_matched)
        for ids, indices, matched, out in (
            (query_ids, a.query_indices[q0:q1], query_matched, a.query_encoding[q0:q1]),
            (value_ids, a.value_indices[v0:v1], value_matched, a.value_encoding[v0:v1]),
        ):
            table, taps = a.table, a.match_taps
            encode_text(ids, indices, matched, table, a.bias, a.zero_row, taps, a.idf, a.embeddings, plan, out)
