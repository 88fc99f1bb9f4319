"""How much memory scoring with a model will take, told before any of it is taken."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from pairlens.config.schema import Config
from pairlens.config.weights import weight_shapes
from pairlens.errors import DataError
from pairlens.memory import MIB, available_memory, in_words

_FLOAT = 4  # bytes
_SCORER = 150 * MIB  # what a process holds beside the arrays below (measured: tests/training/test_memory.py)
_TABLES = 256 * MIB  # at most, of encoder.py
_SMALL = 256 * MIB  # what every machine has


def scoring_memory(config: Config, longest_query: int, longest_value: int) -> dict[str, int]:
    """Bytes that scoring takes at its peak on one processor, as `training_memory` tells them."""
    model = config.model
    shapes = weight_shapes(config.model)
    weights = _FLOAT * sum(math.prod(shape) for shape in shapes.values())
    table = sum(conv.kernel_size * conv.filters for conv in model.conv[:1]) * _FLOAT * model.embedding.input_dim
    T = longest_query + longest_value
    width = sum(model.view_widths.values()) * (2 + len(model.features))
    return {
        "Python and the compiled kernels": _SCORER,
        "the weights (model.embedding.input_dim, output_dim)": weights,
        "the first convolution's tables": min(table, _TABLES),
        "the encodings of the longest pair (data.max_length)": _FLOAT * max(T, 8192) * width,
    }


def refuse_too_large_maps(query: NDArray[np.int64], value: NDArray[np.int64], lines: NDArray[np.int64]) -> None:
    """Raises DataError, naming the line, if a pair's attention scores take more memory than there is.

    Args:
        query, value: how many tokens the texts of each pair have [pairs], with padding.
        lines: the pairs' lines in their files [pairs].
    """
    _refuse(_FLOAT * query * value, lines, "the attention scores of its pair")


def refuse_too_large_batch(lengths: NDArray[np.int64], first: int, batch_size: int) -> None:
    """Raises DataError, naming the longest of some texts, if padding its batch takes more memory than there is.

    Args:
        lengths: how many tokens each text has [texts].
        first: the line of the first text.
    """
    starts = np.arange(0, len(lengths), batch_size)
    longest = np.maximum.reduceat(lengths, starts) if len(lengths) else lengths
    sizes = np.minimum(batch_size, len(lengths) - starts)
    lines = [first + start + int(np.argmax(lengths[start : start + batch_size])) for start in starts.tolist()]
    _refuse(_FLOAT * longest * sizes, np.array(lines, np.int64), "with `masking: none`, the texts padded to its length")


def _refuse(sizes: NDArray[np.int64], lines: NDArray[np.int64], what: str) -> None:
    if sizes.max(initial=0) <= _SMALL:
        return
    largest = int(np.argmax(sizes))
    size, available = int(sizes[largest]), available_memory()
    if available is not None and size > available:
        raise DataError(
            f"line {lines[largest]}: {what} take {in_words(size)} of memory, but {in_words(available)} are available"
        )
