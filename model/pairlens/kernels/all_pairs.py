"""Every query of a block with every candidate of another, from encodings to logits (see scoring/all_pairs.py).

The lanes of a vector are candidates: 16 of them, a group, are side by side in the rows of a matrix, and no sum goes
across lanes. So the logit of a pair does not depend on the other texts.
"""

from __future__ import annotations

import numpy as np

from pairlens.kernels import signatures
from pairlens.kernels.simd.compiled import FIRST, LOWEST, ONE, ZERO, compiled, kernel
from pairlens.kernels.simd.exponentials import exp
from pairlens.kernels.simd.loads import load, store
from pairlens.kernels.simd.products import FRESH, add_product
from pairlens.kernels.simd.rows import as_matrix, as_row, row_of
from pairlens.kernels.simd.vector_types import LANES
from pairlens.kernels.simd.vectors import above, choose, first, fma, full, zeros

GROUP = signatures.GROUP
_UNITS = 4  # hidden units that are summed at the same time


@compiled()
def _add_softmax(scores, i, lengths, group, share, weights):
    """weights [longest * GROUP] += share * softmax of row i of the scores, for each candidate over its own tokens."""
    row, mean, counts, whole = row_of(scores, i), as_row(weights), row_of(lengths, group), first(LANES)
    lowest, Tv = full(LOWEST), scores.shape[1] // GROUP
    for c in range(0, GROUP, LANES):
        count, highest, summed = load(counts, c, whole), lowest, zeros()
        for v in range(Tv):
            score, has = load(row, GROUP * v + c, whole), above(count, full(np.float32(v)))
            highest = max(choose(has, score, lowest), highest)
        for v in range(Tv):
            score, has = load(row, GROUP * v + c, whole), above(count, full(np.float32(v)))
            weight = exp(choose(has, score - highest, lowest))
            summed = summed + weight
            store(row, GROUP * v + c, weight, whole)
        part = full(share) / choose(above(count, zeros()), summed, full(ONE))
        for v in range(Tv):
            at = GROUP * v + c
            store(mean, at, fma(load(row, at, whole), part, load(mean, at, whole)), whole)


@compiled()
def _store_logits(a, query, group, weights, projected):
    """The logits of a query and a group, from its mean attention scores [longest * GROUP].

    Args:
        projected: float32 [units, longest * GROUP], the first hidden layer of each token of the candidates.
    """
    mean, whole, least = as_row(weights), first(LANES), full(a.least[0])
    units, Tv = a.own.shape[1], weights.size // GROUP  # max(least, x) is NaN if x is
    for c in range(0, GROUP, LANES):
        logit = full(a.head[units])
        for n in range(0, units, _UNITS):
            p, q = row_of(projected, n), row_of(projected, n + 1)
            r, s = row_of(projected, n + 2), row_of(projected, n + 3)
            d, e = full(a.own[query, n]), full(a.own[query, n + 1])
            f, g = full(a.own[query, n + 2]), full(a.own[query, n + 3])
            for v in range(Tv):
                at = GROUP * v + c
                weight = load(mean, at, whole)
                d, e = fma(weight, load(p, at, whole), d), fma(weight, load(q, at, whole), e)
                f, g = fma(weight, load(r, at, whole), f), fma(weight, load(s, at, whole), g)
            logit = fma(full(a.head[n]), max(least, d), logit)
            logit = fma(full(a.head[n + 1]), max(least, e), logit)
            logit = fma(full(a.head[n + 2]), max(least, f), logit)
            logit = fma(full(a.head[n + 3]), max(least, g), logit)
        store(row_of(a.out, query), GROUP * group + c, logit, whole)


@kernel(signatures.ALL_PAIRS)
def all_pairs(a):
    """Compute the logits of every query with every candidate."""
    width, units, rows = a.query.shape[1], a.own.shape[1], a.query.shape[0]
    begin = FIRST
    for group in range(a.lengths.shape[0]):
        columns = GROUP * a.longest[group]
        keys = as_matrix(a.candidates, begin, width, columns)
        projected = as_matrix(a.candidates, begin + width * columns, units, columns)
        begin += (width + units) * columns
        weights, step, done, base = a.weights[:columns], max(a.scores.size // max(columns, 1), 1), 0, 0
        scores = as_matrix(a.scores, FIRST, min(step, rows), columns)
        for query in range(a.own.shape[0]):
            weights[:] = ZERO
            start, stop = a.query_offsets[query], a.query_offsets[query + 1]
            share = ONE / max(stop - start, 1)
            for row in range(start, stop):
                if row == done:  # the next rows of scores, of this query and those after it
                    base, done = done, min(done + step, rows)
                    add_product(a.query[base:done], FIRST, keys, FIRST, scores[: done - base], FRESH)
                _add_softmax(scores, row - base, a.lengths, group, share, weights)
            _store_logits(a, query, group, weights, projected)
