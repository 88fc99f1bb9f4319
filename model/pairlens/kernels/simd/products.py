"""Products of small matrices, in tiles of up to four by four that are summed in registers.

`dot_products`: a tile is four rows of x by four of y. A vector of each is loaded and used four times; each of the 16
sums is a vector, whose lanes are added up at the end.

              y0  y1  y2  y3
         x0   a0  a1  a2  a3          a1 += x0[f : f + LANES] * y1[f : f + LANES], along f
         x1   b0  b1  b2  b3
         x2   c0  c1  c2  c3
         x3   d0  d1  d2  d3

`add_product`: a tile is four rows of x by four vectors of a row of w, n to n + 4 * LANES; three of either where that
fits better. Each number of x meets the whole row of w.

                p   q   r   s         of row k of w
    e = x0[k]   a0  a1  a2  a3        a1 += e * q, along k
    f = x1[k]   b0  b1  b2  b3
    g = x2[k]   c0  c1  c2  c3
    h = x3[k]   d0  d1  d2  d3

If a tile has too few rows, it repeats its last one, and computes the same result more than once.
"""

from __future__ import annotations

import numpy as np

from pairlens.kernels.simd.compiled import FIRST, compiled
from pairlens.kernels.simd.loads import load, store, store_four
from pairlens.kernels.simd.rows import as_row, row_of
from pairlens.kernels.simd.vector_types import LANES
from pairlens.kernels.simd.vectors import first, fma, full, totals, zeros

# Not literals: each would be a type of its own, for which Numba compiles again.
FRESH, ONTO = np.bool_(True), np.bool_(False)  # a product replaces the output, or is added to it


@compiled()
def _four(length, i):
    """i and the next three, none beyond the last."""
    return i, min(i + 1, length - 1), min(i + 2, length - 1), min(i + 3, length - 1)


@compiled()
def _add_dots(x0, x1, x2, x3, y0, y1, y2, y3, f, mask, sums):
    """Add to a tile's sums the products of the vectors at f, of four rows of x and four of y."""
    (a0, a1, a2, a3), (b0, b1, b2, b3), (c0, c1, c2, c3), (d0, d1, d2, d3) = sums
    p, q, r, s = load(y0, f, mask), load(y1, f, mask), load(y2, f, mask), load(y3, f, mask)
    t = load(x0, f, mask)
    a0, a1, a2, a3 = fma(t, p, a0), fma(t, q, a1), fma(t, r, a2), fma(t, s, a3)
    t = load(x1, f, mask)
    b0, b1, b2, b3 = fma(t, p, b0), fma(t, q, b1), fma(t, r, b2), fma(t, s, b3)
    t = load(x2, f, mask)
    c0, c1, c2, c3 = fma(t, p, c0), fma(t, q, c1), fma(t, r, c2), fma(t, s, c3)
    t = load(x3, f, mask)
    d0, d1, d2, d3 = fma(t, p, d0), fma(t, q, d1), fma(t, r, d2), fma(t, s, d3)
    return (a0, a1, a2, a3), (b0, b1, b2, b3), (c0, c1, c2, c3), (d0, d1, d2, d3)


@compiled()
def dot_products(x, y, scale, out):
    """out[i, j] = scale * x[i] . y[j]; out has at least as many columns as the next multiple of four."""
    F, factor = x.shape[1], full(np.float32(scale))
    whole = F - F % LANES
    for i in range(0, x.shape[0], 4):
        i0, i1, i2, i3 = _four(x.shape[0], i)
        x0, x1, x2, x3 = row_of(x, i0), row_of(x, i1), row_of(x, i2), row_of(x, i3)
        for j in range(0, y.shape[0], 4):
            j0, j1, j2, j3 = _four(y.shape[0], j)
            y0, y1, y2, y3 = row_of(y, j0), row_of(y, j1), row_of(y, j2), row_of(y, j3)
            a0 = a1 = a2 = a3 = b0 = b1 = b2 = b3 = zeros()
            c0 = c1 = c2 = c3 = d0 = d1 = d2 = d3 = zeros()
            sums = (a0, a1, a2, a3), (b0, b1, b2, b3), (c0, c1, c2, c3), (d0, d1, d2, d3)
            for f in range(0, whole, LANES):
                sums = _add_dots(x0, x1, x2, x3, y0, y1, y2, y3, f, first(LANES), sums)
            if whole < F:
                sums = _add_dots(x0, x1, x2, x3, y0, y1, y2, y3, whole, first(F - whole), sums)
            (a0, a1, a2, a3), (b0, b1, b2, b3), (c0, c1, c2, c3), (d0, d1, d2, d3) = sums
            store_four(row_of(out, i0), j, totals(a0 * factor, a1 * factor, a2 * factor, a3 * factor))
            store_four(row_of(out, i1), j, totals(b0 * factor, b1 * factor, b2 * factor, b3 * factor))
            store_four(row_of(out, i2), j, totals(c0 * factor, c1 * factor, c2 * factor, c3 * factor))
            store_four(row_of(out, i3), j, totals(d0 * factor, d1 * factor, d2 * factor, d3 * factor))


@compiled()
def _add_tile(x, skipped, w, column, out, i, n, tall, wide, fresh):
    """`add_product` for one tile: rows from i on, four if `tall`, and vectors from n on, four if `wide`; else three.

    LLVM turns the inner loop into two, with and without a fourth vector. It does not if `tall` varies as well.
    """
    N = out.shape[1]
    i0, i1, i2, i3 = _four(x.shape[0], i)
    n1, n2, n3 = n + LANES, n + 2 * LANES, n + 3 * LANES
    m0, m1, m2, m3 = first(N - n), first(N - n1), first(N - n2), first(N - n3)
    o0, o1, o2, o3 = row_of(out, i0), row_of(out, i1), row_of(out, i2), row_of(out, i3)
    a0 = a1 = a2 = a3 = b0 = b1 = b2 = b3 = zeros()
    c0 = c1 = c2 = c3 = d0 = d1 = d2 = d3 = zeros()
    if not fresh:
        a0, a1, a2 = load(o0, n, m0), load(o0, n1, m1), load(o0, n2, m2)
        b0, b1, b2 = load(o1, n, m0), load(o1, n1, m1), load(o1, n2, m2)
        c0, c1, c2 = load(o2, n, m0), load(o2, n1, m1), load(o2, n2, m2)
        if wide:
            a3, b3, c3 = load(o0, n3, m3), load(o1, n3, m3), load(o2, n3, m3)
        if tall:
            d0, d1, d2 = load(o3, n, m0), load(o3, n1, m1), load(o3, n2, m2)
            if wide:
                d3 = load(o3, n3, m3)
    for k in range(w.shape[0]):
        row = row_of(w, k, column)
        p, q, r = load(row, n, m0), load(row, n1, m1), load(row, n2, m2)
        e, f, g = full(x[i0, skipped + k]), full(x[i1, skipped + k]), full(x[i2, skipped + k])
        a0, a1, a2 = fma(e, p, a0), fma(e, q, a1), fma(e, r, a2)
        b0, b1, b2 = fma(f, p, b0), fma(f, q, b1), fma(f, r, b2)
        c0, c1, c2 = fma(g, p, c0), fma(g, q, c1), fma(g, r, c2)
        if wide:
            s = load(row, n3, m3)
            a3, b3, c3 = fma(e, s, a3), fma(f, s, b3), fma(g, s, c3)
        if tall:
            h = full(x[i3, skipped + k])
            d0, d1, d2 = fma(h, p, d0), fma(h, q, d1), fma(h, r, d2)
            if wide:
                d3 = fma(h, s, d3)
    store(o0, n, a0, m0), store(o0, n1, a1, m1), store(o0, n2, a2, m2)
    store(o1, n, b0, m0), store(o1, n1, b1, m1), store(o1, n2, b2, m2)
    store(o2, n, c0, m0), store(o2, n1, c1, m1), store(o2, n2, c2, m2)
    if wide:
        store(o0, n3, a3, m3), store(o1, n3, b3, m3), store(o2, n3, c3, m3)
    if tall:
        store(o3, n, d0, m0), store(o3, n1, d1, m1), store(o3, n2, d2, m2)
        if wide:
            store(o3, n3, d3, m3)


@compiled(forceinline=False)
def add_product(x, skipped, w, column, out, fresh):
    """out += x[:, skipped:] @ w[:, column:], as far as w has rows and out has columns; both may have more."""
    n, T, N = FIRST, out.shape[0], out.shape[1]
    while n < N:
        wide = -(-(N - n) // LANES) % 4 == 0  # else three at a time fit better; the same for rows
        i = FIRST
        while i < T:
            tall = (T - i) % 4 == 0
            if tall:
                _add_tile(x, skipped, w, column, out, i, n, True, wide, fresh)
            else:
                _add_tile(x, skipped, w, column, out, i, n, False, wide, fresh)
            i += 4 if tall else 3
        n += 4 * LANES if wide else 3 * LANES


@compiled()
def sum_rows(weights, rows, out, fresh):
    """out += sum over i of weights[i] * rows[i], from zero if `fresh`; further columns of the rows are ignored."""
    F, row_out = out.size, as_row(out)
    for f in range(0, F, 4 * LANES):
        f1, f2, f3 = f + LANES, f + 2 * LANES, f + 3 * LANES
        m0, m1, m2, m3 = first(F - f), first(F - f1), first(F - f2), first(F - f3)
        a = b = c = d = zeros()
        if not fresh:
            a, b, c, d = load(row_out, f, m0), load(row_out, f1, m1), load(row_out, f2, m2), load(row_out, f3, m3)
        for i in range(weights.size):
            row, weight = row_of(rows, i), full(weights[i])
            a, b = fma(weight, load(row, f, m0), a), fma(weight, load(row, f1, m1), b)
            c, d = fma(weight, load(row, f2, m2), c), fma(weight, load(row, f3, m3), d)
        store(row_out, f, a, m0), store(row_out, f1, b, m1), store(row_out, f2, c, m2), store(row_out, f3, d, m3)
