"""Estimate the memory that scoring with a model needs, before any of it is allocated."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from pairlens.config.schema import Config
from pairlens.config.weights import weight_shapes
from pairlens.memory import MIB, available_memory, in_words

_FLOAT = 4  # bytes
_SCORER = 150 * MIB  # a process without the arrays below (measured: tests/training/test_memory.py)
_TABLES = 256 * MIB  # the limit of encoder.py
_SMALL = 32 * MIB  # available on every machine
_TOKEN = 128  # bytes for the id and index of a token and other single numbers
_FIXED = 16 * MIB  # the buffer for some rows of scores, and everything else that does not grow with a pair


def scoring_memory(config: Config, longest_query: int, longest_value: int) -> dict[str, int]:
    """The bytes that scoring needs at its peak on one processor, by what needs them, like `training_memory`."""
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


def too_large_maps(
    config: Config, query: NDArray[np.int64], value: NDArray[np.int64], cell_bytes: int = 0
) -> dict[int, str]:
    """Return an error message for each pair whose attention needs more memory than is available, by its index.

    Args:
        query, value: the numbers of tokens of each pair's texts that the network sees [pairs].
        cell_bytes: see `map_bytes`.
    """
    sizes = map_bytes(config, query, value, cell_bytes)
    available = available_memory() if sizes.max(initial=0) > _SMALL else None
    if available is None:
        return {}
    large = np.flatnonzero(sizes > available).tolist()
    return {i: f"the attention of its pair needs {_too_much(int(sizes[i]), available)}" for i in large}


def map_bytes(
    config: Config, query: NDArray[np.int64], value: NDArray[np.int64], cell_bytes: int = 0
) -> NDArray[np.int64]:
    """The bytes that the attention of a pair needs at its peak, int64 [pairs]; a large one is computed alone.

    In memory at once are: the scores of each direction, with `masking: none` also a copy without padding; the kernel's
    buffer for some rows of them; the encodings and keys of both texts, with the convolutions' intermediate results;
    and the tables of the first layers for the tokens that occur.

    Args:
        query, value: the numbers of tokens of each pair's texts that the network sees [pairs].
        cell_bytes: the bytes that the caller needs for each attention score in addition to the map.
    """
    model = config.model
    directions = 2 if model.attention.direction == "both" else 1
    maps = 2 * directions + 1 if model.masking == "none" else directions
    stacks = 2 if model.attention.key == "convolution" else 1
    filters = max((conv.filters for conv in model.conv), default=0)
    width = sum(model.view_widths.values())
    token = _FLOAT * (stacks * (5 * width + 3 * filters) + width * len(model.features)) + _TOKEN
    table = sum(conv.kernel_size * conv.filters for conv in model.conv[:1]) + model.embedding.output_dim
    tokens = query + value
    rows = _FLOAT * 2 * stacks * table * np.minimum(tokens, model.embedding.input_dim)
    cells = query * value
    taken = cells * (_FLOAT * maps + 1 + cell_bytes) + tokens * token + np.minimum(rows, 2 * _TABLES) + _FIXED
    return np.asarray(taken, np.int64)


def too_large_padding(lengths: NDArray[np.int64], batch_size: int) -> tuple[int, str] | None:
    """Return (text, error message) if padding a batch to that text needs more memory than is available, else None.

    Args:
        lengths: the numbers of tokens of the texts [texts].
    """
    starts = np.arange(0, len(lengths), batch_size)
    sizes = np.minimum(batch_size, len(lengths) - starts)
    longest = np.array([lengths[start : start + batch_size].max() for start in starts], np.int64)
    taken = _FLOAT * longest * sizes
    available = available_memory() if taken.max(initial=0) > _SMALL else None
    if available is None or taken.max() <= available:
        return None
    batch = int(np.argmax(taken))
    text = int(starts[batch]) + int(np.argmax(lengths[starts[batch] : starts[batch] + batch_size]))
    too_much = _too_much(int(taken[batch]), available)
    return text, f"with `masking: none`, the texts of its batch, padded to its length, need {too_much}"


def _too_much(size: int, available: int) -> str:
    return f"{in_words(size)} of memory, but {in_words(available)} are available; shorten the text"
