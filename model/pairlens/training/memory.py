"""Estimate the memory that training a config needs, before any of it is allocated."""

from __future__ import annotations

import math

from pairlens.config.schema import Config
from pairlens.config.weights import weight_shapes
from pairlens.memory import MIB

_FLOAT = 4  # bytes
# A process without the arrays below (measured: tests/training/test_memory.py).
_TENSORFLOW = 650 * MIB
_MOMENTS = {"sgd": 1, "rmsprop": 1, "adagrad": 1, "lion": 1}  # arrays as large as the weights; other optimizers have 2
_SLICE = 64 * MIB  # of concat_scores.py


def training_memory(config: Config, longest_query: int, longest_value: int, tokens: int = 0) -> dict[str, int]:
    """The bytes that training needs at its peak, by what needs them; the names mention the config keys to reduce them.

    Args:
        longest_query, longest_value: the numbers of tokens of the longest texts, at most `data.max_length`.
        tokens: the number of tokens of all texts together.
    """
    model, B = config.model, config.training.batch_size
    T = longest_query + longest_value
    shapes = weight_shapes(config.model)
    # Weights, initial values, gradients, moments, the checkpoint's copy, and arrays that are freed late.
    copies = 6 + _MOMENTS.get(config.training.optimizer.name, 2)
    weights = {name: _FLOAT * copies * math.prod(shape) for name, shape in shapes.items()}
    embedding = weights.pop("embedding/embeddings")
    directions = 2 if model.attention.direction == "both" else 1
    width = sum(model.view_widths.values())
    per_token = model.embedding.output_dim + sum(conv.filters * (2 + conv.kernel_size) for conv in model.conv)
    per_token += width * len(model.features) + (model.compare.units if model.compare else 0)
    parts = {
        "TensorFlow itself": _TENSORFLOW,
        "the embedding with its gradient and moments (model.embedding.input_dim, output_dim)": embedding,
        "the other weights with their gradients and moments": sum(weights.values()),
        "the layers' outputs for a batch (training.batch_size, data.max_length)": 2 * _FLOAT * B * T * per_token,
        "the attention scores [B, Tq, Tv] (training.batch_size, data.max_length)": (
            4 * _FLOAT * directions * B * longest_query * longest_value
        ),
        "the token ids of the data": 2 * _FLOAT * tokens,
    }
    if model.attention.score_mode == "concat":
        one_row = _FLOAT * B * longest_value * width  # a slice is at least a row of query positions
        whole = one_row * longest_query
        parts["the slices of [B, Tq, Tv, filters] for score_mode: concat"] = 4 * min(max(_SLICE, one_row), whole)
    return parts
