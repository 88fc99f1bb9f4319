"""The scorer's inner loops, as Numba compiles them. Only native.py imports them, where there is no machine code yet.

Every loop works on one pair of texts at its true length: no padding and no batch can change a number. Texts are ragged:
`ids[offsets[t]:offsets[t + 1]]` is text t.
"""

from __future__ import annotations

from pairlens.kernels import decimals, encode, gelu, overlap, padded, pairs, pool, products, row_adam, tokens
from pairlens.kernels.compiled import KERNELS, compile_kernel

__all__ = [
    "KERNELS",
    "compile_kernel",
    "decimals",
    "encode",
    "gelu",
    "overlap",
    "padded",
    "pairs",
    "pool",
    "products",
    "row_adam",
    "tokens",
]
