"""The checks of fuzz.py on a few examples and on every input that once failed."""

from __future__ import annotations

import random
from collections.abc import Callable

import fuzz
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

Check = Callable[[bytes], None]


@pytest.mark.parametrize("check", fuzz.CHECKS.values(), ids=fuzz.CHECKS)
def test_well_formed_input_passes(check: Check) -> None:
    for data in fuzz.seeds(check):
        check(data)


@pytest.mark.parametrize("check", fuzz.CHECKS.values(), ids=fuzz.CHECKS)
def test_changed_bytes(check: Check) -> None:
    chance = random.Random(0)
    for _ in range(300):
        check(fuzz.changed(check, chance))


@pytest.mark.parametrize("check", fuzz.CHECKS.values(), ids=fuzz.CHECKS)
@settings(max_examples=100)
@given(data=st.binary(max_size=200))
def test_any_bytes(check: Check, data: bytes) -> None:
    check(data)
