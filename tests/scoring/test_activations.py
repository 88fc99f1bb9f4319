"""Activations equal Keras's, within float32 rounding."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
import tf_keras
from models import Floats

from pairlens.config.types import Activation
from pairlens.scoring.activations import activate
from pairlens.scoring.reference import ACTIVATIONS

NAMES = get_args(get_args(Activation)[0])


def wide_range() -> Floats:
    return np.concatenate([np.linspace(-30, 30, 6007), [-1e4, 1e4, 0.0]]).astype(np.float32).reshape(2, -1)


@pytest.mark.parametrize("name", NAMES)
def test_equals_tf_keras(name: str) -> None:
    expected = getattr(tf_keras.activations, name)(wide_range())
    actual = activate(name, wide_range())
    assert actual.dtype == np.float32
    np.testing.assert_allclose(actual, expected, rtol=1e-6, atol=1e-6)


def test_every_activation_equals_the_reference() -> None:
    assert set(ACTIVATIONS) == set(NAMES)
    for name, oracle in ACTIVATIONS.items():
        np.testing.assert_allclose(activate(name, wide_range()), oracle(wide_range()), rtol=1e-6, atol=1e-6)


def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(ValueError, match="unknown activation 'mish'"):
        activate("mish", wide_range())
