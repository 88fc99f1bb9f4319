"""The names and shapes of a model's weights, as weights.npz holds them."""

from __future__ import annotations

from pairlens.config import ModelConfig

Shape = tuple[int, ...]


def weight_shapes(model: ModelConfig) -> dict[str, Shape]:
    """Every weight of a model by name, in data-flow order."""
    shapes: dict[str, Shape] = {"embedding/embeddings": (model.embedding.input_dim, model.embedding.output_dim)}
    filters = model.embedding.output_dim
    for stack in ["conv", "key_conv"] if model.attention.key == "convolution" else ["conv"]:
        filters = model.embedding.output_dim
        for i, conv in enumerate(model.conv):
            shapes[f"{stack}/{i}/kernel"] = (conv.kernel_size, filters, conv.filters)
            if conv.use_bias:
                shapes[f"{stack}/{i}/bias"] = (conv.filters,)
            filters = conv.filters
    if model.attention.use_scale:
        shapes["attention/scale"] = ()
    if model.attention.score_mode == "concat":
        shapes["attention/concat_score_weight"] = ()
    width = filters * len(model.features) * len(model.pooling) * (2 if model.attention.direction == "both" else 1)
    for name, units in [*((f"dnn/{i}", units) for i, units in enumerate(model.dnn.units)), ("head", 1)]:
        shapes[f"{name}/kernel"] = (width, units)
        shapes[f"{name}/bias"] = (units,)
        width = units
    return shapes
