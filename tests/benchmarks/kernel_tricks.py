"""Compare the kernels' vector code with plain Numba, the same work written as loops over arrays.

python tests/benchmarks/kernel_tricks.py     # prints microseconds per pair and the ratio; in turns, best of 15
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

from pairlens.kernels.attention import softmax
from pairlens.kernels.encode import sum_taps
from pairlens.kernels.plan import PLAN
from pairlens.kernels.simd.compiled import FIRST, LOWEST
from pairlens.kernels.simd.products import FRESH, add_product, dot_products

TIMES = 2000
plain = njit(error_model="numpy", fastmath=True)


@plain
def plain_dots(x, y, scale, out):
    for i in range(x.shape[0]):
        for j in range(y.shape[0]):
            total = np.float32(0.0)
            for f in range(x.shape[1]):
                total += x[i, f] * y[j, f]
            out[i, j] = scale * total


@plain
def plain_softmax(scores, columns):
    for i in range(scores.shape[0]):
        highest = np.float32(-np.inf)
        for j in range(columns):
            highest = max(highest, scores[i, j])
        total = np.float32(0.0)
        for j in range(columns):
            scores[i, j] = np.exp(scores[i, j] - highest)
            total += scores[i, j]
        for j in range(columns):
            scores[i, j] /= total


@plain
def plain_product(x, w, out):
    out[:] = np.float32(0.0)
    for i in range(out.shape[0]):
        for k in range(w.shape[0]):
            for n in range(out.shape[1]):
                out[i, n] += x[i, k] * w[k, n]


@plain
def plain_taps(indices, table, bias, size, left, out):
    for t in range(out.shape[0]):
        for f in range(bias.size):
            out[t, f] = bias[f]
        for k in range(size):
            source = t + k - left
            if 0 <= source < indices.size:
                for f in range(bias.size):
                    out[t, f] += table[indices[source] * size + k, f]


def repeated(function: Any) -> Callable[..., None]:
    """A compiled loop that calls the function many times."""

    @njit(error_model="numpy")
    def run(times, arguments):
        for _ in range(times):
            function(*arguments)

    return run


def microseconds(run: Callable[..., None], arguments: tuple[Any, ...]) -> float:
    began = time.perf_counter()
    run(TIMES, arguments)
    return (time.perf_counter() - began) / TIMES * 1e6


def works() -> dict[str, tuple[Any, tuple[Any, ...], Any, tuple[Any, ...]]]:
    """By name: our function and its arguments, the plain one and its arguments, for 11 and 12 tokens and F = 100."""
    random = np.random.default_rng(1)

    def floats(*shape: int) -> np.ndarray:
        return random.normal(size=shape).astype(np.float32)

    plan = np.zeros(1, PLAN)[0]
    x, y, w, scores = floats(11, 100), floats(12, 100), floats(12, 100), np.abs(floats(11, 16))
    indices, table, bias = random.integers(0, 30_000, 11).astype(np.int32), floats(120_000, 100), floats(100)
    zeros, one = np.zeros(100, np.float32), np.float32(1.0)
    out = floats(11, 100)
    taps = (indices, table, bias, zeros, 4, 1, 1, LOWEST, out, FIRST)
    return {
        "dot products": (dot_products, (x, y, one, floats(11, 16)), plain_dots, (x, y, one, floats(11, 16))),
        "softmax": (softmax, (scores.copy(), 0, indices, plan), plain_softmax, (scores.copy(), 11)),
        "product": (add_product, (scores, FIRST, w, FIRST, out, FRESH), plain_product, (scores, w, out)),
        "sum of taps": (sum_taps, taps, plain_taps, (indices, table, bias, 4, 1, out)),
    }


def main() -> None:
    for name, (ours, our_arguments, other, other_arguments) in works().items():
        runs = repeated(ours), repeated(other)
        times = [(microseconds(runs[0], our_arguments), microseconds(runs[1], other_arguments)) for _ in range(16)][1:]
        mine, plain_time = (min(column) for column in zip(*times, strict=True))
        print(f"{name:15} {mine:8.3f} us  plain Numba {plain_time:8.3f} us  {plain_time / mine:5.1f} x")


if __name__ == "__main__":
    main()
