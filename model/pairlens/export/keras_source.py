"""The Python file that builds a network from plain tf-keras layers, and what such layers cannot say."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from pairlens.config.model import ConvConfig, ModelConfig
from pairlens.config.schema import Config

_HEAD = '''\
"""The network of a pairlens run in plain tf-keras layers, without its weights: `model.load_weights("model.keras")`.

It completes the example of https://www.tensorflow.org/api_docs/python/tf/keras/layers/Attention. Padding counts as
tokens, as in the example: give one pair at a time, or texts of the same length.
"""

import tf_keras
from tf_keras import layers

# The ids of the tokens of both texts, which go through the same layers.
query_ids = tf_keras.Input(shape=(None,), dtype="int32")
value_ids = tf_keras.Input(shape=(None,), dtype="int32")'''
_HEADS = {"binary": "sigmoid", "ranking": "sigmoid", "regression": "linear", "multiclass": "softmax"}
_POOLS = {"average": "GlobalAveragePooling1D", "max": "GlobalMaxPooling1D"}
_IN_COMMON = "no layer counts what two texts have in common"


def refusals(model: ModelConfig) -> dict[str, str]:
    """The keys of a config that plain tf-keras layers cannot express, each with the reason."""
    embedding, attention = model.embedding, model.attention
    found = {
        "model.embedding.mask_zero": (embedding.mask_zero, "Conv1D drops the mask"),
        "model.embedding.match_channels": (embedding.match_channels, "no layer compares the ids of two texts"),
        "model.attention.temperature": (attention.temperature != 1.0, "the layer Attention has no such argument"),
        "the feature absolute_difference": ("absolute_difference" in model.features, "no layer takes absolute values"),
        "model.overlap": (model.overlap, _IN_COMMON),
        "model.wide": (model.wide, _IN_COMMON),
    }
    return {key: reason for key, (is_set, reason) in found.items() if is_set}


def source_of(config: Config) -> str:
    """The file: it defines `model`, from `[query_ids, value_ids]`, each int32 [B, T], to the score [B, 1 or classes].

    The layers with weights have the names of weights.npz with _ for /, such as conv_0.
    """
    model = config.model
    lines = [_HEAD, *_encoded(model), "", *_attended(model), "", *_scored(config)]
    return "\n".join(lines) + "\n"


def _encoded(model: ModelConfig) -> Iterator[str]:
    """The lines that make `query` and `value`, the encodings [B, T, F], and if keys are separate, `value_key`."""
    embedding = model.embedding
    yield f"embedding = {_layer('Embedding', embedding.input_dim, embedding.output_dim, name='embedding')}"
    yield "query_embedded, value_embedded = embedding(query_ids), embedding(value_ids)"
    yield from _convolved(model, "conv", ["query", "value"], ["query", "value"])
    if model.attention.key == "convolution":
        sides = ["query", "value"] if model.attention.direction == "both" else ["value"]
        yield from _convolved(model, "key_conv", sides, [f"{side}_key" for side in sides])


def _convolved(model: ModelConfig, stack: str, sides: Sequence[str], outputs: Sequence[str]) -> Iterator[str]:
    """The lines that make a variable for each side from its embedding."""
    embedded = inputs = [f"{side}_embedded" for side in sides]
    for i, conv in enumerate(model.conv):
        yield f"{stack}_{i} = {_conv(conv, f'{stack}_{i}')}"
        yield f"{', '.join(outputs)} = {', '.join(f'{stack}_{i}({x})' for x in inputs)}"
        inputs = [*outputs]
    if not model.conv:
        yield f"{', '.join(outputs)} = {', '.join(embedded)}"
    elif "embedding" in model.views:
        yield from (f"{out} = {_joined([x, out])}" for x, out in zip(embedded, outputs, strict=True))


def _attended(model: ModelConfig) -> Iterator[str]:
    """The lines that let one text attend to the other, and with `direction: both` the other to it."""
    attention = model.attention
    scale = {"use_scale": True} if attention.use_scale else {}
    mode = {"score_mode": "concat"} if attention.score_mode == "concat" else {}
    causal = ", use_causal_mask=True" if attention.use_causal_mask else ""
    yield "# Each position of one text attends to the positions of the other."
    yield f"attention = {_layer('Attention', **scale, **mode, name='attention')}"
    for side, other in _directions(model):
        key = f", {other}_key" if attention.key == "convolution" else ""
        yield f"{side}_attended = attention([{side}, {other}{key}]{causal})"
    if model.compare:
        arguments = {"activation": model.compare.activation, "name": "compare"}
        yield f"compare = {_layer('Dense', model.compare.units, **arguments)}"
        for side, _ in _directions(model):
            yield f"{side}_compared = compare({_joined(_features(model, side))})"


def _scored(config: Config) -> Iterator[str]:
    """The lines from the features of positions to `model`."""
    model, dnn = config.model, config.model.dnn
    pooled = [
        f"{_layer(_POOLS[pooling])}({feature})"
        for side, _ in _directions(model)
        for feature in ([f"{side}_compared"] if model.compare else _features(model, side))
        for pooling in model.pooling
    ]
    yield "# What is left of all positions goes through dense layers."
    yield f"x = {_joined(pooled, in_lines=True)}"
    for i, units in enumerate(dnn.units):
        yield f"x = {_layer('Dense', units, activation=dnn.activation, name=f'dnn_{i}')}(x)"
    yield f"score = {_layer('Dense', model.classes or 1, activation=_HEADS[config.task], name='head')}(x)"
    yield "model = tf_keras.Model([query_ids, value_ids], score)"
    if model.symmetric:
        yield "score = layers.Average()([model([query_ids, value_ids]), model([value_ids, query_ids])])"
        yield "model = tf_keras.Model([query_ids, value_ids], score)"


def _directions(model: ModelConfig) -> list[tuple[str, str]]:
    """The side that attends and the other one."""
    return [("query", "value"), ("value", "query")][: 2 if model.attention.direction == "both" else 1]


def _features(model: ModelConfig, side: str) -> list[str]:
    attended = f"{side}_attended"
    product = f"{_layer('Multiply')}([{side}, {attended}])"
    made = {"encoding": side, "attention": attended, "product": product}
    return [made[feature] for feature in model.features]


def _conv(conv: ConvConfig, name: str) -> str:
    """The layer, with the arguments that differ from Keras's defaults, and `padding`, which matters here."""
    optional = {"dilation_rate": 1, "activation": "linear", "use_bias": True}
    given = {key: getattr(conv, key) for key, default in optional.items() if getattr(conv, key) != default}
    return _layer("Conv1D", conv.filters, conv.kernel_size, padding=conv.padding, **given, name=name)


def _layer(layer: str, *values: object, **arguments: object) -> str:
    """The expression that makes a layer."""
    given = [_literal(value) for value in values] + [f"{key}={_literal(value)}" for key, value in arguments.items()]
    return f"layers.{layer}({', '.join(given)})"


def _literal(value: object) -> str:
    return json.dumps(value) if isinstance(value, str) else repr(value)


def _joined(parts: Sequence[str], in_lines: bool = False) -> str:
    """The parts side by side; one alone is itself."""
    if len(parts) == 1:
        return parts[0]
    inside = "\n" + "".join(f"    {part},\n" for part in parts) if in_lines else ", ".join(parts)
    return f"layers.Concatenate()([{inside}])"
