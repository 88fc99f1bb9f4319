"""Pair by pair from ids to pooled features, to comparisons of every position, or to attention scores.

The arguments of the kernel are:

    0       plan [1]
    1-4     query ids int32 [tokens] and offsets int64 [B + 1], value ids and offsets
    5-6     places of the query's and the value's tokens in the tables, int32 [tokens]
    7-9     table, bias and match taps of the convolution, see encode.py
    10-12   the same of the keys' convolution
    13-14   idf float32 [input_dim], embeddings float32 [input_dim, dim]
    15-18   with `plan.encoded` the encodings of query and value, and their keys: float32 [tokens, width]
    19-24   room to work in for the longest texts: encodings of query and value, their keys, which tokens match
    25-27   more room: the scores of both directions; what a text attended to, and a feature of its positions
    28      more room: a number for every position of both texts
    29-32   task int64 [1], two results, and their offsets
    33      zeros, as many as the convolution has filters
    34-37   the layer `compare`, if there is one (see comparison.py): projections of words, float32 [places, P]; weights
            of a token's other columns, and of a position's other features; bias
    38-39   more room: the projections of query and value
"""

from __future__ import annotations

import numpy as np

from pairlens.kernels.attend import attend, raw_scores, softmax, transpose
from pairlens.kernels.encode import encode_text, find_matches, prefetch_tokens
from pairlens.kernels.features import compare, pool_features, pool_first, project
from pairlens.kernels.plan import COMPARED, PLAN, SCORES
from pairlens.kernels.pool import share_positions
from pairlens.kernels.simd.compiled import as_matrix, compiled, kernel, matrix, same_ids, vector
from pairlens.kernels.simd.vectors import LANES


@compiled()
def _texts(arguments):
    return (
        vector(arguments, 1, np.int32),
        vector(arguments, 2, np.int64),
        vector(arguments, 3, np.int32),
        vector(arguments, 4, np.int64),
    )


@compiled()
def _convolution(arguments, first):
    return (
        matrix(arguments, first, np.float32),
        vector(arguments, first + 1, np.float32),
        matrix(arguments, first + 2, np.float32),
    )


@compiled()
def _four_matrices(arguments, first):
    return (
        matrix(arguments, first, np.float32),
        matrix(arguments, first + 1, np.float32),
        matrix(arguments, first + 2, np.float32),
        matrix(arguments, first + 3, np.float32),
    )


@compiled()
def _prefetch_pair(arguments, plan, pair):
    """Ask for what the texts of a pair, if there is one, will be encoded from, while another one is worked on."""
    query_ids, query_offsets, value_ids, value_offsets = _texts(arguments)
    if pair + 1 >= query_offsets.size:
        return
    _prefetch_text(arguments, plan, 5, query_ids, query_offsets[pair], query_offsets[pair + 1])
    _prefetch_text(arguments, plan, 6, value_ids, value_offsets[pair], value_offsets[pair + 1])


@compiled()
def _prefetch_text(arguments, plan, argument, ids, start, stop):
    places = vector(arguments, argument, np.int32)[start:stop]
    if not plan.encoded:
        table, _, _ = _convolution(arguments, 7)
        prefetch_tokens(places, table, plan.kernel_size)
        if plan.embedding_columns:
            prefetch_tokens(ids[start:stop], matrix(arguments, 14, np.float32), 1)
    prefetch_tokens(places, matrix(arguments, 34, np.float32), 1)


@compiled()
def _encode_pair(arguments, plan, query_ids, value_ids, q0, v0, same_query, same_value):
    """Encodings of query and value [T, width] and their keys, of one pair whose tokens begin at q0 and v0.

    A text that is the same as in the pair before is not encoded again: one query is often scored with many values.
    """
    Tq, Tv = query_ids.size, value_ids.size
    if plan.encoded:
        query, value, query_key, value_key = _four_matrices(arguments, 15)
        return query[q0 : q0 + Tq], value[v0 : v0 + Tv], query_key[q0 : q0 + Tq], value_key[v0 : v0 + Tv]
    q_matched, v_matched = vector(arguments, 23, np.float32)[:Tq], vector(arguments, 24, np.float32)[:Tv]
    if plan.match:
        find_matches(query_ids, value_ids, plan, q_matched, v_matched)
    q_places = vector(arguments, 5, np.int32)[q0 : q0 + Tq]
    v_places = vector(arguments, 6, np.int32)[v0 : v0 + Tv]
    idf, embeddings = vector(arguments, 13, np.float32), matrix(arguments, 14, np.float32)
    nothing = vector(arguments, 33, np.float32)
    for keys in range(1 + plan.own_key):
        table, bias, taps = _convolution(arguments, 7 + 3 * keys)
        query = matrix(arguments, 19 + 2 * keys, np.float32)[:Tq]
        value = matrix(arguments, 20 + 2 * keys, np.float32)[:Tv]
        if not same_query and (plan.both or not keys):
            encode_text(query_ids, q_places, q_matched, table, bias, nothing, taps, idf, embeddings, plan, query)
        if not same_value:
            encode_text(value_ids, v_places, v_matched, table, bias, nothing, taps, idf, embeddings, plan, value)
    query, value, query_key, value_key = _four_matrices(arguments, 19)
    if not plan.own_key:
        query_key, value_key = query, value
    return query[:Tq], value[:Tv], query_key[:Tq], value_key[:Tv]


@compiled()
def _room_for_scores(arguments, Tq, Tv):
    """Where the scores [Tq, Tv] of one direction of a pair and those [Tv, Tq] of the other go.

    A row ends where a vector would.
    """
    room, width, height = vector(arguments, 25, np.float32), Tv + -Tv % LANES, Tq + -Tq % LANES
    return as_matrix(room, 0, Tq, width), as_matrix(room, Tq * width, Tv, height)


@compiled()
def _copy_scores(scores, Tv, out, start):
    """Write scores [Tq, Tv] row by row to out, from `start` on."""
    for i in range(scores.shape[0]):
        for j in range(Tv):
            out[start + i * Tv + j] = scores[i, j]


@compiled()
def _project_pair(arguments, query, value, q0, v0, same_query, same_value):
    """The projections of query and value for the layer `compare`; they are kept like encodings."""
    table, weights = matrix(arguments, 34, np.float32), matrix(arguments, 35, np.float32)
    for side in range(2):
        encoding, start, same = (value, v0, same_value) if side else (query, q0, same_query)
        if not same:
            T = encoding.shape[0]
            places = vector(arguments, 5 + side, np.int32)[start : start + T]
            project(encoding, places, table, weights, matrix(arguments, 38 + side, np.float32)[:T])


@compiled()
def _use_scores(arguments, plan, task, pair, direction, start, query, query_ids, value, scores):
    """Fill what the task wants of one direction of a pair, whose query's tokens begin at `start`."""
    Tq, F = query.shape
    if task == SCORES:
        begin = vector(arguments, 32, np.int64)[pair]
        _copy_scores(scores, value.shape[0], vector(arguments, 30 + direction, np.float32), begin)
        return
    attended, room = matrix(arguments, 26, np.float32)[:Tq], matrix(arguments, 27, np.float32)[:Tq]
    of_positions = plan.max or plan.absolute_difference or plan.product
    if task == COMPARED or of_positions:
        attend(scores, value, attended)
    if task == COMPARED:
        own, other = matrix(arguments, 38 + direction, np.float32), matrix(arguments, 39 - direction, np.float32)
        weights, bias = matrix(arguments, 36, np.float32), vector(arguments, 37, np.float32)
        compared = matrix(arguments, 30 + direction, np.float32)[start : start + Tq]
        compare(query, own, other[: value.shape[0]], scores, attended, weights, bias, plan, room, compared)
        return
    width = (plan.encoding + plan.attention + plan.absolute_difference + plan.product) * (plan.average + plan.max) * F
    pooled = matrix(arguments, 30, np.float32)[pair, direction * width : (direction + 1) * width]
    shares = vector(arguments, 28, np.float32)
    share_positions(query_ids, plan.mask_zero, shares[:Tq])
    if of_positions:
        pool_features(query, attended, shares[:Tq], plan, pooled)
    else:
        pool_first(query, value, scores, shares[:Tq], plan, shares[Tq : Tq + value.shape[0]], pooled)


@kernel
def pairs(arguments):
    """What `task` says, of every pair. The results are, for both texts of the pairs:

    SCORES: attention scores, float32 of all pairs row by row; the offsets, int64 [B + 1], tell where a pair's begin.
    COMPARED: the dense layer `compare` of every position, before its activation, float32 [tokens, units].
    POOLED: the pooled features, float32 [B, ...], the value's behind the query's in the first result.
    """
    plan, task = vector(arguments, 0, PLAN)[0], vector(arguments, 29, np.int64)[0]
    query_ids, query_offsets, value_ids, value_offsets = _texts(arguments)
    for pair in range(query_offsets.size - 1):
        q0, q1, v0, v1 = query_offsets[pair], query_offsets[pair + 1], value_offsets[pair], value_offsets[pair + 1]
        q_ids, v_ids = query_ids[q0:q1], value_ids[v0:v1]
        _prefetch_pair(arguments, plan, pair + 1)
        # With match channels an encoding depends on the other text too.
        same_query = not plan.match and pair > 0 and same_ids(q_ids, query_ids[query_offsets[pair - 1] : q0])
        same_value = not plan.match and pair > 0 and same_ids(v_ids, value_ids[value_offsets[pair - 1] : v0])
        query, value, query_key, value_key = _encode_pair(arguments, plan, q_ids, v_ids, q0, v0, same_query, same_value)
        if task == COMPARED:
            _project_pair(arguments, query, value, q0, v0, same_query, same_value)
        scores, value_scores = _room_for_scores(arguments, q_ids.size, v_ids.size)
        key, start = value_key, q0
        for direction in range(1 + plan.both):
            if direction == 1:
                query, value, key, scores, start = value, query, query_key, value_scores, v0
                q_ids, v_ids = v_ids, q_ids
            if direction == 0 or plan.own_key:
                raw_scores(query, key, plan, scores)
                if plan.both and not plan.own_key:
                    transpose(scores, q_ids.size, v_ids.size, value_scores)
            softmax(scores, v_ids, plan)
            _use_scores(arguments, plan, task, pair, direction, start, query, q_ids, value, scores)
