"""The scorer's dense layer, which a kernel computes in tiles: exact for every shape, and row by row."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pairlens.scoring.encoder import dense


def test_by_hand() -> None:
    rows, kernel = np.array([[1, 2], [3, 4]], np.float32), np.array([[10, 20, 30], [1, 0, -1]], np.float32)
    assert dense(rows, kernel).tolist() == [[12, 20, 28], [34, 60, 86]]
    assert dense(rows, kernel, np.array([0.5, 0, -1], np.float32)).tolist() == [[12.5, 20, 27], [34.5, 60, 85]]


# A tile is four rows by four vectors of eight or sixteen numbers.
@given(rows=st.integers(0, 9), inputs=st.integers(0, 20), units=st.integers(1, 140), seed=st.integers(0, 99))
def test_equals_the_product_and_no_row_depends_on_another(rows: int, inputs: int, units: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    x, kernel, bias = (
        random.normal(size=shape).astype(np.float32) for shape in ((rows, inputs), (inputs, units), units)
    )
    out = dense(x, kernel, bias)
    np.testing.assert_allclose(out, x.astype(np.float64) @ kernel + bias, rtol=0, atol=1e-5)
    for i in range(rows):
        assert dense(x[i : i + 1], kernel, bias).tobytes() == out[i : i + 1].tobytes()
