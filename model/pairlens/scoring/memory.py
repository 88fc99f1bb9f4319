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
    if found := _too_large(_FLOAT * query * value):
        pair, memory = found
        raise DataError(f"line {lines[pair]}: the attention scores of its pair take {memory}")


def too_large_padding(lengths: NDArray[np.int64], batch_size: int) -> tuple[int, str] | None:
    """A text that would have the others of its batch padded to more memory than there is, and a message of that.

    Args:
        lengths: how many tokens each text has [texts].
    """
    starts = np.arange(0, len(lengths), batch_size)
    sizes = np.minimum(batch_size, len(lengths) - starts)
    longest = np.array([lengths[start : start + batch_size].max() for start in starts], np.int64)
    if found := _too_large(_FLOAT * longest * sizes):
        batch, memory = found
        text = int(starts[batch]) + int(np.argmax(lengths[starts[batch] : starts[batch] + batch_size]))
        return text, f"with `masking: none`, the texts of its batch, padded to its length, take {memory}"
    return None


def _too_large(sizes: NDArray[np.int64]) -> tuple[int, str] | None:
    """The place of the largest of some sizes in bytes, and words of it, if there is not so much memory."""
    if sizes.max(initial=0) <= _SMALL:
        return None
    largest, available = int(np.argmax(sizes)), available_memory()
    if available is None or sizes[largest] <= available:
        return None
    return largest, f"{in_words(int(sizes[largest]))} of memory, but {in_words(available)} are available"
