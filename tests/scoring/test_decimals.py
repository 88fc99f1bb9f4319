"""Numbers are written as the shortest decimals that read back as the same number: NumPy's digits."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pairlens.scoring.decimals import decimal_lines, shortest


def expected(number: np.float32) -> str:
    """NumPy's digits in the format of `%g`: without an exponent from 0.0001 to below 1e7."""
    if not np.isfinite(number):
        return str(number)
    digits = np.format_float_scientific(number, unique=True, trim="-", exp_digits=2)
    return digits if number and not -5 < int(digits.split("e")[1]) < 7 else f"{Decimal(digits):f}"


def lines(numbers: np.ndarray) -> str:
    return "".join(" ".join(map(expected, np.atleast_1d(row))) + "\n" for row in numbers)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"),
        (-0.0, "-0"),
        (1.0, "1"),
        (0.5, "0.5"),
        (3.6, "3.6"),  # a label, which is 3.5999999046325684
        (-12.25, "-12.25"),
        (120000.0, "120000"),
        (1234567.5, "1234567.5"),  # all eight digits are needed: a neighbour is 1234567.625
        (9999999.0, "9999999"),
        (16777216.0, "1.6777216e+07"),
        (1e7, "1e+07"),
        (0.0001, "0.0001"),
        (0.000012345, "1.2345e-05"),
        (2.0**-14, "6.1035156e-05"),  # .00006103515625: the float32 below is 3.6e-12 away
        (1.1754944e-38, "1.1754944e-38"),
        (1e-45, "1e-45"),  # the smallest, 1.4e-45: one digit distinguishes it from 0 and from 2.8e-45
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
    ],
)
def test_by_hand(number: float, text: str) -> None:
    numbers = np.array([number], np.float32)
    assert decimal_lines(numbers) == f"{text}\n" == lines(numbers)


@settings(max_examples=300)
@given(
    arrays(
        np.float32,
        st.tuples(st.integers(0, 5), st.integers(1, 3)),
        elements=st.floats(width=32) | st.floats(0.0, 1.0, width=32) | st.floats(0.0, 2.0**-12, width=32),
    )
)
@example(np.array([[0.99999994, 9.9999994e-5, 9.9999997e-6]], np.float32))
def test_any_numbers(numbers: np.ndarray) -> None:
    assert decimal_lines(numbers) == lines(numbers)


def test_numbers_of_every_size_next_to_powers_of_two_and_of_ten() -> None:
    random = np.random.default_rng(0)
    anything = random.integers(0, 2**32, 100_000, dtype=np.uint32).view(np.float32)
    powers = np.concatenate([np.ldexp(1.0, np.arange(-149, 128)), 10.0 ** np.arange(-45, 39)]).astype(np.float32)
    neighbours = (powers.view(np.int32)[:, np.newaxis] + np.arange(-40, 41)).ravel().clip(0).view(np.float32)
    least = np.arange(2000, dtype=np.int32).view(np.float32)  # subnormal, with fewer digits
    for numbers in (anything, neighbours, least, -least, random.random(100_000).astype(np.float32)):
        small = numbers[~(np.abs(numbers) >= 1e7) & np.isfinite(numbers)]  # the numbers that the kernel writes
        assert decimal_lines(small) == lines(small)
        assert decimal_lines(numbers[:20_000]) == lines(numbers[:20_000])


def test_json_has_the_same_digits_and_reads_back() -> None:
    numbers = np.array([[0.1, 3.6], [1e-20, 1.0]], np.float32)
    assert shortest(numbers).tolist() == [[0.1, 3.6], [1e-20, 1.0]]
    assert shortest(numbers).astype(np.float32).tobytes() == numbers.tobytes()
    assert shortest(numbers[0, 0]) == 0.1  # a single number


def test_every_float16() -> None:
    """Digits before the point are exact, since zeros would be no shorter: 4112, although 4110 reads back too."""
    numbers = np.arange(2**16, dtype=np.uint16).view(np.float16)
    written = decimal_lines(numbers).split()
    read = np.array(written).astype(np.float16)
    finite = np.isfinite(numbers)
    assert read[finite].tobytes() == numbers[finite].tobytes()
    assert [written[i] for i in (1, 0x2E66, 0x3555, 0x3C00, 0x6C04, 0x7BFF, 0x7C00, 0xFC00)] == [
        *("6e-08", "0.1", "0.3333", "1", "4112", "65504", "inf", "-inf"),
    ]
    fractions = np.abs(numbers) < 1000
    for number, text in zip(numbers[finite & fractions], np.array(written)[finite & fractions], strict=True):
        assert len(text) <= len(expected_16(number))
        assert float(text) == float(expected_16(number))


def expected_16(number: np.float16) -> str:
    digits = np.format_float_scientific(number, unique=True, trim="-", exp_digits=2)
    return digits if number and int(digits.split("e")[1]) < -4 else f"{Decimal(digits):f}"
