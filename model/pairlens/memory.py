"""How much memory a config will take, told before any of it is taken."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

from pairlens.config import Config
from pairlens.errors import UsageError
from pairlens.weights import weight_shapes

_MIB = 2**20
_FLOAT = 4  # bytes
# Measured (tests/test_memory_estimate.py): what a process holds beside the arrays below.
_TENSORFLOW = 650 * _MIB
_SCORER = 150 * _MIB
_MOMENTS = {"sgd": 1, "rmsprop": 1, "adagrad": 1, "lion": 1}  # arrays as large as the weights; of the others 2
_TABLES = 256 * _MIB  # at most, of encoder.py
_SLICE = 64 * _MIB  # of concat_scores.py


def training_memory(config: Config, longest_query: int, longest_value: int, tokens: int = 0) -> dict[str, int]:
    """Bytes that training takes at its peak, by what takes them, with the words that make it smaller.

    Args:
        longest_query, longest_value: tokens of the longest texts, as far as `data.max_length` lets them be.
        tokens: of all texts together.
    """
    model, B = config.model, config.training.batch_size
    T = longest_query + longest_value
    shapes = weight_shapes(config.model)
    # Weights, initial values, gradients, moments, the checkpoint's copy, and what is freed late.
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


def refuse_too_large(what: str, parts: Mapping[str, int], available: int | None) -> None:
    """Raises UsageError, naming the largest part, if not even half of `parts` fits into `available` bytes.

    Half, because the estimate may be twice too high.
    """
    total = sum(parts.values())
    if available is not None and total > 2 * available:
        name, largest = max(parts.items(), key=lambda part: part[1])
        raise UsageError(
            f"{what} takes about {in_words(total)} of memory, but {in_words(available)} are available; "
            f"{in_words(largest)} are {name}"
        )


def available_memory(root: Path = Path("/")) -> int | None:
    """Bytes that this process may still take, by the machine and by its control groups; None if nothing tells."""
    limits = []
    for line in _read(root / "proc/meminfo").splitlines():
        if line.startswith("MemAvailable:"):
            limits.append(int(line.split()[1]) * 1024)
    groups = root / "sys/fs/cgroup"
    own = next(
        (line[3:].lstrip("/") for line in _read(root / "proc/self/cgroup").splitlines() if line[:3] == "0::"), ""
    )
    for group in {groups, groups / own}:
        limit, used = _read(group / "memory.max").strip(), _read(group / "memory.current").strip()
        if limit.isdigit() and used.isdigit():
            limits.append(max(int(limit) - int(used), 0))
    limit = _read(groups / "memory/memory.limit_in_bytes").strip()
    used = _read(groups / "memory/memory.usage_in_bytes").strip()
    if limit.isdigit() and used.isdigit():
        limits.append(max(int(limit) - int(used), 0))
    return min(limits, default=None)


def in_words(size: int) -> str:
    return f"{size / 1e9:,.1f} GB" if size >= 1e8 else f"{size / 1e6:,.0f} MB"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""
