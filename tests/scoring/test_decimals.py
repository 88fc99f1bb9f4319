"""Scores are written as Python's %.7g writes them, digit by digit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pairlens.scoring.decimals import decimal_lines

LARGEST = float(np.nextafter(np.float32(1e7), np.float32(0)))


def expected(numbers: np.ndarray) -> str:
    return "".join(" ".join(f"{number:.7g}" for number in np.atleast_1d(row).tolist()) + "\n" for row in numbers)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"),
        (-0.0, "-0"),
        (1.0, "1"),
        (0.5, "0.5"),
        (-12.25, "-12.25"),
        (1234567.5, "1234568"),  # halfway: to the even one
        (1234566.5, "1234566"),
        (9999999.5, "1e+07"),
        (120000.0, "120000"),
        (0.00012345, "0.00012345"),
        (0.000012345, "1.2345e-05"),
        (2.0**-14, "6.103516e-05"),  # .00006103515625: halfway
        (1.1754944e-38, "1.175494e-38"),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
    ],
)
def test_by_hand(number: float, text: str) -> None:
    numbers = np.array([number], np.float32)
    assert decimal_lines(numbers) == f"{text}\n" == expected(numbers)


@settings(max_examples=300)
@given(
    arrays(
        np.float32,
        st.tuples(st.integers(0, 5), st.integers(1, 3)),
        elements=st.floats(-LARGEST, LARGEST, width=32)
        | st.floats(0.0, 1.0, width=32)
        | st.floats(0.0, 2.0**-12, width=32),
    )
)
@example(np.array([[0.99999994, 9.9999994e-5, 9.9999997e-6]], np.float32))
def test_any_numbers_are_as_python_writes_them(numbers: np.ndarray) -> None:
    assert decimal_lines(numbers) == expected(numbers)


def test_many_numbers_of_every_size() -> None:
    random = np.random.default_rng(0)
    numbers = (random.random(200_000) * 10.0 ** random.integers(-16, 8, 200_000)).astype(np.float32)
    halves = (random.integers(0, 2**24, 50_000) / 2.0 ** random.integers(0, 40, 50_000)).astype(np.float32)
    for some in (numbers[numbers < 1e7], halves[halves < 1e7]):
        assert decimal_lines(some) == expected(some)
