"""The two sides of a pair: its texts with their encodings, computed when a kernel reaches the pair."""

from __future__ import annotations

from typing import Any, NamedTuple

from pairlens.kernels.encode import encode_text, find_matches
from pairlens.kernels.ids import same_ids
from pairlens.kernels.simd.compiled import compiled


class Side(NamedTuple):
    """One text of a pair: its ids [T], encoding and key [T, width]; `start` is the index of its first token."""

    ids: Any
    encoding: Any
    key: Any
    start: Any
    is_new: Any  # 0 if the text and its encoding are those of the pair before


@compiled()
def _text(ids, offsets, pair):
    """The ids of a pair's text."""
    return ids[offsets[pair] : offsets[pair + 1]]


@compiled()
def _is_new(ids, offsets, plan, pair):
    """1 if a text differs from that of the pair before, or its encoding may differ (match channels), else 0."""
    if plan.match or pair == 0:
        return 1
    return 1 - same_ids(_text(ids, offsets, pair), _text(ids, offsets, pair - 1))


@compiled()
def _encode_side(a, plan, ids, indices, matched, stacks, encoding, key):
    """Fill the encoding [T, width] of a text if `stacks` is 1, also its key if it is 2, nothing if it is 0."""
    table, bias, taps, out = a.table, a.bias, a.match_taps, encoding
    for _ in range(stacks):
        encode_text(ids, indices, matched, table, bias, a.zero_row, taps, a.idf, a.embeddings, plan, out)
        table, bias, taps, out = a.key_table, a.key_bias, a.key_match_taps, key


@compiled()
def encode_pair(a, plan, pair):
    """Encode both sides of a pair. A query that is scored with many values is encoded once."""
    q0, q1, v0, v1 = a.query_offsets[pair], a.query_offsets[pair + 1], a.value_offsets[pair], a.value_offsets[pair + 1]
    Tq, Tv = q1 - q0, v1 - v0
    query_ids, value_ids = a.query_ids[q0:q1], a.value_ids[v0:v1]
    new_query, new_value = (
        _is_new(a.query_ids, a.query_offsets, plan, pair),
        _is_new(a.value_ids, a.value_offsets, plan, pair),
    )
    if plan.encoded:
        return (
            Side(query_ids, a.encoded_query[q0:q1], a.encoded_query_key[q0:q1], q0, new_query),
            Side(value_ids, a.encoded_value[v0:v1], a.encoded_value_key[v0:v1], v0, new_value),
        )
    query_matched, value_matched = a.query_matched[:Tq], a.value_matched[:Tv]
    if plan.match:
        find_matches(query_ids, value_ids, plan, query_matched, value_matched)
    query, value = a.query[:Tq], a.value[:Tv]
    query_key, value_key = (a.query_key[:Tq], a.value_key[:Tv]) if plan.own_key else (query, value)
    query_stacks = (1 + plan.own_key * plan.both) * new_query  # only a text that is attended to needs a key
    value_stacks = (1 + plan.own_key) * new_value
    _encode_side(a, plan, query_ids, a.query_indices[q0:q1], query_matched, query_stacks, query, query_key)
    _encode_side(a, plan, value_ids, a.value_indices[v0:v1], value_matched, value_stacks, value, value_key)
    return (
        Side(query_ids, query, query_key, q0, new_query),
        Side(value_ids, value, value_key, v0, new_value),
    )
