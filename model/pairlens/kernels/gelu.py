"""The activation that NumPy lacks."""

from __future__ import annotations

from math import erf, sqrt

import numpy as np

from pairlens.kernels.simd.compiled import kernel, vector


@kernel
def gelu(arguments):
    """x * Phi(x) in place, with the exact error function. Argument: x float32 [n]."""
    x = vector(arguments, 0, np.float32)
    for i in range(x.size):
        x[i] *= np.float32(0.5 * (1.0 + erf(x[i] / sqrt(2.0))))
