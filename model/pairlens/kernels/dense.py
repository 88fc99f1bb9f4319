"""A dense layer."""

from __future__ import annotations

from pairlens.kernels import signatures
from pairlens.kernels.simd.compiled import FIRST, kernel
from pairlens.kernels.simd.products import ONTO, add_product


@kernel(signatures.DENSE)
def dense(a):
    """out = x @ kernel + bias, before the activation."""
    for i in range(a.out.shape[0]):
        for n in range(a.bias.size):
            a.out[i, n] = a.bias[n]
    add_product(a.x, FIRST, a.kernel, FIRST, a.out, ONTO)
