"""The overlap features of pairs, listed in texts/overlap.py."""

from __future__ import annotations

import numpy as np

from pairlens.kernels import signatures
from pairlens.kernels.ids import same_ids
from pairlens.kernels.simd.compiled import compiled, kernel


@kernel(signatures.OVERLAP)
def overlap(a):
    """Compute the overlap features of every pair."""
    idf, out = a.idf, a.out
    for pair in range(out.shape[0]):
        q = a.query_ids[a.query_offsets[pair] : a.query_offsets[pair + 1]]
        v = a.value_ids[a.value_offsets[pair] : a.value_offsets[pair + 1]]
        # The count and total idf of the distinct tokens that occur in the other text, and of those that do not.
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
        row[14] = same_ids(q, v)


@compiled()
def _ratio(part, whole):
    return part / whole if whole > 0 else 0.0


@compiled()
def _split(text, other, idf):
    """The count and total idf of the distinct tokens of a text that occur in the other, and of those that do not."""
    inside, inside_weight, outside, outside_weight = 0, 0.0, 0, 0.0
    for i in range(text.size):
        if _contains(text[i], text[:i]):
            continue
        if _contains(text[i], other):
            inside += 1
            inside_weight += idf[text[i]]
        else:
            outside += 1
            outside_weight += idf[text[i]]
    return inside, inside_weight, outside, outside_weight


@compiled()
def _contains(token, text):
    for other in text:
        if other == token:
            return True
    return False


@compiled()
def _bigrams(text, other):
    """The number of distinct bigrams in a text, and how many of them also occur in the other."""
    distinct = common = 0
    for i in range(text.size - 1):
        if _has_bigram(text[: i + 1], text[i], text[i + 1]):
            continue
        distinct += 1
        common += _has_bigram(other, text[i], text[i + 1])
    return distinct, common


@compiled()
def _has_bigram(text, first, second):
    for i in range(text.size - 1):
        if text[i] == first and text[i + 1] == second:
            return True
    return False
