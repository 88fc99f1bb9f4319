"""What programs that use exports do: pad texts and check scores."""

from __future__ import annotations

import numpy as np
from models import Texts
from numpy.typing import NDArray


def padded(queries: Texts, values: Texts, extra: tuple[int, int] = (0, 0)) -> dict[str, NDArray[np.int32]]:
    """The inputs of an exported graph, with `extra` columns; padding is any 32-bit numbers."""
    inputs = {}
    for side, texts, more in (("query", queries, extra[0]), ("value", values, extra[1])):
        length = np.array([len(text) for text in texts], np.int32)
        shape = len(texts), length.max(initial=0) + more
        ids = np.random.default_rng(0).integers(-(2**31), 2**31, shape, dtype=np.int32)
        for row, text in zip(ids, texts, strict=True):
            row[: len(text)] = text
        inputs |= {f"{side}_ids": ids, f"{side}_length": length}
    return inputs
