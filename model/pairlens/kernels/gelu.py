"""The activation gelu, which needs an error function that NumPy lacks."""

from __future__ import annotations

from math import erf, sqrt

import numpy as np

from pairlens.kernels import signatures
from pairlens.kernels.simd.compiled import kernel


@kernel(signatures.GELU)
def gelu(a):
    """x * Phi(x) in place, with the exact error function."""
    x = a.x
    for i in range(x.size):
        x[i] *= np.float32(0.5 * (1.0 + erf(x[i] / sqrt(2.0))))
