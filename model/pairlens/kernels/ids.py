"""Small functions of token ids."""

from __future__ import annotations

from pairlens.kernels.simd.compiled import compiled


@compiled()
def is_real(token, mask_zero):
    """False for a token that `mask_zero` makes padding."""
    return token != 0 or mask_zero == 0


@compiled()
def same_ids(text, other):
    """True if two texts are equal."""
    if text.size != other.size:
        return False
    for i in range(text.size):
        if text[i] != other[i]:
            return False
    return True
