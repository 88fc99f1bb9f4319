"""Adam for the rows of an embedding (see training/row_adam.py)."""

from __future__ import annotations

from pairlens.kernels import signatures
from pairlens.kernels.simd.compiled import compiled, kernel
from pairlens.kernels.simd.loads import load, store
from pairlens.kernels.simd.rows import prefetch, row_of
from pairlens.kernels.simd.vector_types import LANES
from pairlens.kernels.simd.vectors import first, fma, full, square_root

_AHEAD = 8  # rows to prefetch


@compiled()
def _prefetch_row(weights, means, squares, row):
    for x in (weights, means, squares):
        prefetch(x, row, row + 1)


@kernel(signatures.CATCH_UP_ROWS)
def catch_up_rows(a):
    """Apply Adam's steps without a gradient to rows, up to the current step."""
    rows, weights, means, squares, touched, current = a.rows, a.weights, a.means, a.squares, a.touched, a.current
    rates, mean_decay, root_decay, limits = a.rates, a.mean_decay, a.root_decay, a.limits
    epsilon, out, dim = full(a.epsilon[0]), a.out, weights.shape[1]
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
                moved = full(rates[step] * mean_decay[age]) * mean
                weight = weight - moved / fma(full(root_decay[age]), root, epsilon)
            store(row_of(weights, row), f, weight, mask)
            store(row_of(out, i), f, weight, mask)


@kernel(signatures.MOVE_ROWS)
def move_rows(a):
    """One step of Adam (Kingma and Ba 2015, algorithm 1) for rows with a gradient."""
    rows, weights, means, squares, touched, current = a.rows, a.weights, a.means, a.squares, a.touched, a.current
    gradient, mean_decay, root_decay, numbers = a.gradient, a.mean_decay, a.root_decay, a.numbers
    step, decays = a.step[0], a.step[1]
    mean_rate, square_rate, rate, epsilon = full(numbers[0]), full(numbers[1]), full(numbers[2]), full(numbers[3])
    dim = weights.shape[1]
    for i in range(rows.size):
        row, ahead = rows[i], rows[min(i + _AHEAD, rows.size - 1)]
        _prefetch_row(weights, means, squares, ahead)
        age = step - touched[row] if decays else 1
        mean_factor, square_factor = full(mean_decay[age]), full(root_decay[age] * root_decay[age])
        touched[row] = current[row] = step
        for f in range(0, dim, LANES):
            mask = first(dim - f)
            g = load(row_of(gradient, i), f, mask)
            mean = fma(mean_rate, g, mean_factor * load(row_of(means, row), f, mask))
            square = fma(square_rate, g * g, square_factor * load(row_of(squares, row), f, mask))
            moved = rate * mean / (square_root(square) + epsilon)
            store(row_of(means, row), f, mean, mask)
            store(row_of(squares, row), f, square, mask)
            store(row_of(weights, row), f, load(row_of(weights, row), f, mask) - moved, mask)
