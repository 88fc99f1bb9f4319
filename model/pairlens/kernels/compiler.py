"""Every kernel, to be compiled by Numba. The loader imports this module only if machine code is missing."""

from __future__ import annotations

from pairlens.kernels import all_pairs, decimals, dense, encode, gelu, overlap, padded, pairs, pool, row_adam, tokens
from pairlens.kernels.simd.compiled import KERNELS, compile_kernel

__all__ = [
    "KERNELS",
    "all_pairs",
    "compile_kernel",
    "decimals",
    "dense",
    "encode",
    "gelu",
    "overlap",
    "padded",
    "pairs",
    "pool",
    "row_adam",
    "tokens",
]
