"""How much memory scoring with a model will take, told before any of it is taken."""

from __future__ import annotations

import math

from pairlens.config.schema import Config
from pairlens.config.weights import weight_shapes
from pairlens.memory import MIB

_FLOAT = 4  # bytes
_SCORER = 150 * MIB  # what a process holds beside the arrays below (measured: tests/training/test_memory.py)
_TABLES = 256 * MIB  # at most, of encoder.py


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
