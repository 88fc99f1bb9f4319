"""Exponentials of vectors."""

from __future__ import annotations

import math

import numpy as np

from pairlens.kernels.simd.compiled import compiled
from pairlens.kernels.simd.vectors import fma, full, power_of_two


@compiled()
def _constant(x):
    return full(np.float32(x))


@compiled()
def exp(x):
    """e**x for x <= 0, within 2e-7 relative, and 0 below -87.7 (Cephes expf)."""
    x = max(x, _constant(-87.7))  # for which the power of two is 0 already
    n = math.floor(fma(x, _constant(1.44269504088896341), _constant(0.5)))
    r = fma(n, _constant(2.12194440e-4), fma(n, _constant(-0.693359375), x))
    p = fma(_constant(1.9875691500e-4), r, _constant(1.3981999507e-3))
    p = fma(p, r, _constant(8.3334519073e-3))
    p = fma(p, r, _constant(4.1665795894e-2))
    p = fma(p, r, _constant(1.6666665459e-1))
    p = fma(p, r, _constant(5.0000001201e-1))
    return fma(p * r, r, r + _constant(1.0)) * power_of_two(n)


@compiled()
def tanh(x):
    """The hyperbolic tangent, within 2e-7."""
    e = exp(_constant(-2.0) * abs(x))
    return math.copysign((_constant(1.0) - e) / (_constant(1.0) + e), x)
