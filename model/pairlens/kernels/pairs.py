"""Three kernels that go pair by pair from ids to attention scores, to pooled features, or to compared positions.

Each encodes both texts, then computes the attention scores of each direction, as many rows of the query at a time as
fit into the buffer for scores. A short pair fits as a whole; the whole matrix of a long pair is never in memory.
"""

from __future__ import annotations

from pairlens.kernels import signatures
from pairlens.kernels.attention import attend, raw_scores, softmax, transpose
from pairlens.kernels.features import compare, pool_features, pool_first, project
from pairlens.kernels.pool import share_positions
from pairlens.kernels.sides import encode_pair
from pairlens.kernels.simd.compiled import compiled, kernel
from pairlens.kernels.simd.products import sum_rows
from pairlens.kernels.simd.rows import as_matrix
from pairlens.kernels.simd.vector_types import LANES

# ---- attention scores ----------------------------------------------------------------------------------------------


@compiled()
def _to_whole_vector(columns):
    """The number of columns of a row of scores in the buffer: padded to whole vectors."""
    return columns + -columns % LANES


@compiled()
def _rows_at_once(a, query, value):
    """The number of the query's rows that fit into the buffer: all, if it is large enough for both directions."""
    Tq, Tv = query.ids.size, value.ids.size
    width = _to_whole_vector(Tv)
    if Tq * width + Tv * _to_whole_vector(Tq) <= a.scores.size:
        return max(Tq, 1)
    return max(a.scores.size // max(width, 1), 1)


@compiled()
def _scores_of_rows(a, plan, direction, query, value, start, stop):
    """Attention scores of some rows of the query, after mask and softmax: [rows, Tv padded to whole vectors].

    The raw scores of the other direction are the same numbers, transposed: if all fit into the buffer, they are
    computed once.
    """
    Tq, Tv = query.ids.size, value.ids.size
    width, height = _to_whole_vector(Tv), _to_whole_vector(Tq)
    fits = stop - start == Tq and Tq * width + Tv * height <= a.scores.size
    shared = plan.both and not plan.own_key and fits
    begin = Tv * height if direction == 1 and shared else 0  # after the first direction's
    scores = as_matrix(a.scores, begin, stop - start, width)
    if direction == 0 or not shared:
        raw_scores(query.encoding[start:stop], value.key, plan, scores)
        if shared:
            transpose(scores, Tq, Tv, as_matrix(a.scores, Tq * width, Tv, height))
    softmax(scores, start, value.ids, plan)
    return scores


@kernel(signatures.ATTENTION_SCORES)
def attention_scores(a):
    """Compute the attention scores of every pair."""
    plan = a.plan[0]
    for pair in range(a.query_offsets.size - 1):
        query, value = encode_pair(a, plan, pair)
        out = a.query_out
        for direction in range(1 + plan.both):
            _copy_scores(a, plan, direction, query, value, out, a.offsets[pair])
            query, value, out = value, query, a.value_out


@compiled()
def _copy_scores(a, plan, direction, query, value, out, begin):
    """Write the scores of one direction of a pair row by row to out, from `begin` on."""
    Tq, Tv = query.ids.size, value.ids.size
    step = _rows_at_once(a, query, value)
    for start in range(0, Tq, step):
        scores = _scores_of_rows(a, plan, direction, query, value, start, min(start + step, Tq))
        for i in range(scores.shape[0]):
            for j in range(Tv):
                out[begin + (start + i) * Tv + j] = scores[i, j]


# ---- features ------------------------------------------------------------------------------------------------------


@kernel(signatures.POOLED_FEATURES)
def pooled_features(a):
    """Compute the pooled features of every pair."""
    plan = a.plan[0]
    for pair in range(a.query_offsets.size - 1):
        query, value = encode_pair(a, plan, pair)
        width = plan.features * plan.poolings * query.encoding.shape[1]
        for direction in range(1 + plan.both):
            out = a.out[pair, direction * width : (direction + 1) * width]
            _pool_direction(a, plan, direction, query, value, out)
            query, value = value, query


@compiled()
def _pool_direction(a, plan, direction, query, value, out):
    """Fill out [features * poolings * F] with the features of one direction of a pair."""
    Tq, Tv = query.ids.size, value.ids.size
    shares, mean_scores = a.shares[:Tq], a.shares[Tq : Tq + Tv]
    share_positions(query.ids, plan.mask_zero, shares)
    needs_positions = plan.max >= 0 or plan.absolute_difference >= 0 or plan.product >= 0
    step = _rows_at_once(a, query, value)
    for start in range(0, max(Tq, 1), step):
        stop = min(start + step, Tq)
        scores = _scores_of_rows(a, plan, direction, query, value, start, stop)
        if needs_positions:
            attend(scores, value.encoding, a.attended[start:stop])
        elif plan.attention >= 0:
            sum_rows(shares[start:stop], scores, mean_scores, start == 0)
    if needs_positions:
        pool_features(query.encoding, a.attended[:Tq], shares, plan, out)
    else:
        pool_first(query.encoding, value.encoding, mean_scores, shares, plan, out)


# ---- compare -------------------------------------------------------------------------------------------------------


@kernel(signatures.COMPARED_POSITIONS)
def compared_positions(a):
    """Apply the dense layer `compare`, without its activation, to every position of the pairs."""
    plan = a.plan[0]
    for pair in range(a.query_offsets.size - 1):
        query, value = encode_pair(a, plan, pair)
        own = _project_side(a, query, a.query_indices, a.query_projection)
        other = _project_side(a, value, a.value_indices, a.value_projection)
        out = a.query_out
        for direction in range(1 + plan.both):
            _compare_direction(a, plan, direction, query, value, own, other, out)
            query, value, own, other, out = value, query, other, own, a.value_out


@compiled()
def _project_side(a, side, indices, buffer):
    """The projection [T, P] of a text for the layer `compare`, reused if the text is that of the pair before."""
    T = side.ids.size
    if side.is_new:
        indices = indices[side.start : side.start + T]
        project(side.encoding, indices, a.word_projections, a.token_weights, buffer[:T])
    return buffer[:T]


@compiled()
def _compare_direction(a, plan, direction, query, value, own, other, out):
    """Fill the rows of out [tokens, units] that belong to one direction of a pair."""
    Tq = query.ids.size
    step = _rows_at_once(a, query, value)
    for start in range(0, Tq, step):
        stop = min(start + step, Tq)
        rows, attended, feature = query.encoding[start:stop], a.attended[start:stop], a.feature[start:stop]
        scores = _scores_of_rows(a, plan, direction, query, value, start, stop)
        attend(scores, value.encoding, attended)
        compared = out[query.start + start : query.start + stop]
        weights = a.position_weights
        compare(rows, own[start:stop], other, scores, attended, weights, a.compare_bias, plan, feature, compared)
