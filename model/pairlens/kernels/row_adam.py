"""Adam for the rows of an embedding (see row_adam.py)."""

from __future__ import annotations

import numpy as np

from pairlens.kernels.simd.compiled import compiled, kernel, matrix, prefetch, row_of, vector
from pairlens.kernels.simd.vectors import LANES, first, fma, full, load, square_root, store

_AHEAD = 8  # rows to ask memory for before they are wanted


@compiled()
def _rows(arguments):
    """The rows to work on, and weights, moments, and the steps of the last gradient and of the last change."""
    return (
        vector(arguments, 0, np.int64),
        matrix(arguments, 1, np.float32),
        matrix(arguments, 2, np.float32),
        matrix(arguments, 3, np.float32),
        vector(arguments, 4, np.int64),
        vector(arguments, 5, np.int64),
    )


@compiled()
def _prefetch_row(weights, means, squares, row):
    for x in (weights, means, squares):
        prefetch(x, row, row + 1)


@kernel
def rest_rows(arguments):
    """Do what Adam does to rows in steps without a gradient, up to the step `now`.

    Arguments: rows int64 [n]; weights float32 [V, dim], changed; mean and squared gradient [V, dim], as the last
    gradient left them; the steps of the last gradient and of the last change, int64 [V], the latter changed; the rate
    of each step, float32 [now + 1 or more]; what is left of the mean gradient, and of the root of the squared one,
    after so many steps, the same; epsilon float32 [1]; now, and the steps after which nothing moves any more, int64
    [2]; out float32 [n, dim], filled with the rows.
    """
    rows, weights, means, squares, touched, current = _rows(arguments)
    rates, mean_left, root_left = (
        vector(arguments, 6, np.float32),
        vector(arguments, 7, np.float32),
        vector(arguments, 8, np.float32),
    )
    epsilon, limits = full(vector(arguments, 9, np.float32)[0]), vector(arguments, 10, np.int64)
    out, dim = matrix(arguments, 11, np.float32), weights.shape[1]
    for i in range(rows.size):
        row, ahead = rows[i], rows[min(i + _AHEAD, rows.size - 1)]
        _prefetch_row(weights, means, squares, ahead)
        begin, end = current[row], limits[0] if touched[row] else 0
        end = min(end, touched[row] + limits[1])
        current[row] = limits[0]
        for f in range(0, dim, LANES):
            mask = first(dim - f)
            weight, mean = load(row_of(weights, row), f, mask), load(row_of(means, row), f, mask)
            root = square_root(load(row_of(squares, row), f, mask))
            for step in range(begin + 1, end + 1):
                age = step - touched[row]
                moved = full(rates[step] * mean_left[age]) * mean
                weight = weight - moved / fma(full(root_left[age]), root, epsilon)
            store(row_of(weights, row), f, weight, mask)
            store(row_of(out, i), f, weight, mask)


@kernel
def move_rows(arguments):
    """One step of Adam (Kingma and Ba 2015, algorithm 1) for rows with a gradient.

    Arguments: 0-5 as above, all changed; the gradient float32 [n, dim]; what is left after so many steps, as above;
    1 - beta_1, 1 - beta_2, the rate and epsilon, float32 [4]; the step, and whether the steps between two gradients
    count, int64 [2].
    """
    rows, weights, means, squares, touched, current = _rows(arguments)
    gradient, mean_left = matrix(arguments, 6, np.float32), vector(arguments, 7, np.float32)
    root_left, numbers = vector(arguments, 8, np.float32), vector(arguments, 9, np.float32)
    step, in_between = vector(arguments, 10, np.int64)[0], vector(arguments, 10, np.int64)[1]
    mean_rate, square_rate, rate, epsilon = full(numbers[0]), full(numbers[1]), full(numbers[2]), full(numbers[3])
    dim = weights.shape[1]
    for i in range(rows.size):
        row, ahead = rows[i], rows[min(i + _AHEAD, rows.size - 1)]
        _prefetch_row(weights, means, squares, ahead)
        age = step - touched[row] if in_between else 1
        mean_kept, square_kept = full(mean_left[age]), full(root_left[age] * root_left[age])
        touched[row] = current[row] = step
        for f in range(0, dim, LANES):
            mask = first(dim - f)
            g = load(row_of(gradient, i), f, mask)
            mean = fma(mean_rate, g, mean_kept * load(row_of(means, row), f, mask))
            square = fma(square_rate, g * g, square_kept * load(row_of(squares, row), f, mask))
            moved = rate * mean / (square_root(square) + epsilon)
            store(row_of(means, row), f, mean, mask)
            store(row_of(squares, row), f, square, mask)
            store(row_of(weights, row), f, load(row_of(weights, row), f, mask) - moved, mask)
