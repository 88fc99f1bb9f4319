"""Pair by pair from ids to attention scores, to pooled features, or to comparisons of every position: three kernels.

They share their way: encode both texts, then for each direction the attention scores, in as many rows of the query at a
time as the room for scores holds. A short pair fits as a whole; of a long one no whole matrix is ever made.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from pairlens.kernels import signatures
from pairlens.kernels.attention import attend, raw_scores, softmax, transpose
from pairlens.kernels.encode import encode_text, find_matches
from pairlens.kernels.features import compare, pool_features, pool_first, project
from pairlens.kernels.ids import same_ids
from pairlens.kernels.pool import share_positions
from pairlens.kernels.simd.compiled import compiled, kernel
from pairlens.kernels.simd.products import sum_rows
from pairlens.kernels.simd.rows import as_matrix
from pairlens.kernels.simd.vectors import LANES


class _Side(NamedTuple):
    """One text of a pair: its ids [T], its encoding and its key [T, width]; `start`: its first token in its file."""

    ids: Any
    encoding: Any
    key: Any
    start: Any
    is_new: Any  # False if the text is that of the pair before, and so is its encoding


# ---- encode --------------------------------------------------------------------------------------------------------


@compiled()
def _text(ids, offsets, pair):
    """The ids of a pair's text."""
    return ids[offsets[pair] : offsets[pair + 1]]


@compiled()
def _is_new(ids, offsets, plan, pair):
    """1 if a text is not that of the pair before, else 0. With match channels, encodings depend on both texts."""
    if plan.match or pair == 0:
        return 1
    return 1 - same_ids(_text(ids, offsets, pair), _text(ids, offsets, pair - 1))


@compiled()
def _encode_side(a, plan, ids, places, matched, stacks, encoding, key):
    """Fill the encoding [T, width] of a text, and of two stacks of convolutions also its key; of no stack nothing."""
    table, bias, taps, out = a.table, a.bias, a.match_taps, encoding
    for _ in range(stacks):
        encode_text(ids, places, matched, table, bias, a.zero_row, taps, a.idf, a.embeddings, plan, out)
        table, bias, taps, out = a.key_table, a.key_bias, a.key_match_taps, key


@compiled()
def _encode_pair(a, plan, pair):
    """Both sides of a pair. One query is often scored with many values: it is not encoded again."""
    q0, q1, v0, v1 = a.query_offsets[pair], a.query_offsets[pair + 1], a.value_offsets[pair], a.value_offsets[pair + 1]
    Tq, Tv = q1 - q0, v1 - v0
    query_ids, value_ids = a.query_ids[q0:q1], a.value_ids[v0:v1]
    new_query, new_value = (
        _is_new(a.query_ids, a.query_offsets, plan, pair),
        _is_new(a.value_ids, a.value_offsets, plan, pair),
    )
    if plan.encoded:
        return (
            _Side(query_ids, a.encoded_query[q0:q1], a.encoded_query_key[q0:q1], q0, new_query),
            _Side(value_ids, a.encoded_value[v0:v1], a.encoded_value_key[v0:v1], v0, new_value),
        )
    query_matched, value_matched = a.query_matched[:Tq], a.value_matched[:Tv]
    if plan.match:
        find_matches(query_ids, value_ids, plan, query_matched, value_matched)
    query, value = a.query[:Tq], a.value[:Tv]
    query_key, value_key = (a.query_key[:Tq], a.value_key[:Tv]) if plan.own_key else (query, value)
    query_stacks = (1 + plan.own_key * plan.both) * new_query  # only what is attended to needs a key
    value_stacks = (1 + plan.own_key) * new_value
    _encode_side(a, plan, query_ids, a.query_places[q0:q1], query_matched, query_stacks, query, query_key)
    _encode_side(a, plan, value_ids, a.value_places[v0:v1], value_matched, value_stacks, value, value_key)
    return (
        _Side(query_ids, query, query_key, q0, new_query),
        _Side(value_ids, value, value_key, v0, new_value),
    )


# ---- attention scores ----------------------------------------------------------------------------------------------


@compiled()
def _to_whole_vector(columns):
    """The columns of a row of scores in the room: it ends where a vector would."""
    return columns + -columns % LANES


@compiled()
def _rows_at_once(a, query, value):
    """How many rows of the query the room for scores holds: all, if it holds the scores of both directions."""
    Tq, Tv = query.ids.size, value.ids.size
    width = _to_whole_vector(Tv)
    if Tq * width + Tv * _to_whole_vector(Tq) <= a.scores.size:
        return max(Tq, 1)
    return max(a.scores.size // max(width, 1), 1)


@compiled()
def _scores_of_rows(a, plan, direction, query, value, start, stop):
    """Attention scores [rows, Tv, and on to a whole vector] of some rows of the query, after mask and softmax.

    The scores of the other direction are the same numbers, transposed: where all fit into the room they are made once.
    """
    Tq, Tv = query.ids.size, value.ids.size
    width, height = _to_whole_vector(Tv), _to_whole_vector(Tq)
    fits = stop - start == Tq and Tq * width + Tv * height <= a.scores.size
    shared = plan.both and not plan.own_key and fits
    behind = Tv * height if direction == 1 and shared else 0  # the other direction's
    scores = as_matrix(a.scores, behind, stop - start, width)
    if direction == 0 or not shared:
        raw_scores(query.encoding[start:stop], value.key, plan, scores)
        if shared:
            transpose(scores, Tq, Tv, as_matrix(a.scores, Tq * width, Tv, height))
    softmax(scores, start, value.ids, plan)
    return scores


@kernel(signatures.ATTENTION_SCORES)
def attention_scores(a):
    """The attention scores of every pair."""
    plan = a.plan[0]
    for pair in range(a.query_offsets.size - 1):
        query, value = _encode_pair(a, plan, pair)
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
    """The pooled features of every pair."""
    plan = a.plan[0]
    for pair in range(a.query_offsets.size - 1):
        query, value = _encode_pair(a, plan, pair)
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
    of_positions = plan.max >= 0 or plan.absolute_difference >= 0 or plan.product >= 0
    step = _rows_at_once(a, query, value)
    for start in range(0, max(Tq, 1), step):
        stop = min(start + step, Tq)
        scores = _scores_of_rows(a, plan, direction, query, value, start, stop)
        if of_positions:
            attend(scores, value.encoding, a.attended[start:stop])
        elif plan.attention >= 0:
            sum_rows(shares[start:stop], scores, mean_scores, start == 0)
    if of_positions:
        pool_features(query.encoding, a.attended[:Tq], shares, plan, out)
    else:
        pool_first(query.encoding, value.encoding, mean_scores, shares, plan, out)


# ---- compare -------------------------------------------------------------------------------------------------------


@kernel(signatures.COMPARED_POSITIONS)
def compared_positions(a):
    """The dense layer `compare` of every position of the pairs, before its activation."""
    plan = a.plan[0]
    for pair in range(a.query_offsets.size - 1):
        query, value = _encode_pair(a, plan, pair)
        own = _project_side(a, query, a.query_places, a.query_projection)
        other = _project_side(a, value, a.value_places, a.value_projection)
        out = a.query_out
        for direction in range(1 + plan.both):
            _compare_direction(a, plan, direction, query, value, own, other, out)
            query, value, own, other, out = value, query, other, own, a.value_out


@compiled()
def _project_side(a, side, places, room):
    """The projection [T, P] of a text for the layer `compare`; it is kept like an encoding."""
    T = side.ids.size
    if side.is_new:
        places = places[side.start : side.start + T]
        project(side.encoding, places, a.word_projections, a.token_weights, room[:T])
    return room[:T]


@compiled()
def _compare_direction(a, plan, direction, query, value, own, other, out):
    """Fill the rows of out [tokens, units] that are those of one direction of a pair."""
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
