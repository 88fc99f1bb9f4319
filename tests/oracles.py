"""The network as its documentation tells it: one pair at a time, in float64, with loops. Slow and obvious.

Nothing is shared with pairlens but the config and the weights by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from math import erf
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairlens.config.schema import Config, ModelConfig

Array = NDArray[np.float64]
Ids = NDArray[np.int32]
Weights = Mapping[str, NDArray[np.float32]]

# https://www.tensorflow.org/api_docs/python/tf/keras/activations
ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "selu": lambda x: 1.05070098 * np.where(x > 0, x, 1.67326324 * np.expm1(np.minimum(x, 0))),
    "gelu": lambda x: x * np.vectorize(lambda y: 0.5 * (1 + erf(y / np.sqrt(2))), otypes=[float])(x),
    "tanh": np.tanh,
    "sigmoid": lambda x: 0.5 * (1 + np.tanh(x / 2)),
    "swish": lambda x: x * 0.5 * (1 + np.tanh(x / 2)),
    "softplus": lambda x: np.logaddexp(x, 0),
    "softsign": lambda x: x / (1 + np.abs(x)),
}


class Side(NamedTuple):
    """One text: `encoding` and `key` [T, F], `real` bool [T] (False: masked by `mask_zero`)."""

    encoding: Array
    key: Array
    real: NDArray[np.bool_]


class Scored(NamedTuple):
    """`score` [] or [classes], and the attention scores of query to value [Tq, Tv] and of value to query [Tv, Tq]."""

    score: Array
    scores: Array
    value_scores: Array


def score_pair(config: Config, weights: Weights, query: Ids, value: Ids) -> Scored:
    """What the network makes of one pair of texts, ids [Tq] and [Tv]."""
    model = config.model
    weights = {name: array.astype(np.float64) for name, array in weights.items()}
    orders = [(query, value), (value, query)] if model.symmetric else [(query, value)]
    score = np.mean([head(config, logits(model, weights, *order)) for order in orders], axis=0)
    q, v = encode(model, weights, query, value), encode(model, weights, value, query)
    return Scored(score, attend(model, weights, q, v), attend(model, weights, v, q))


def encode(model: ModelConfig, weights: Weights, ids: Ids, other: Ids) -> Side:
    """The text `ids` of a pair with the text `other`."""
    real = (ids != 0) if model.embedding.mask_zero else np.ones(len(ids), bool)
    embedded = weights["embedding/embeddings"][ids]
    if model.embedding.match_channels:
        idf = weights["tokens/idf"]
        matches = [[1.0, idf[i]] if i in other else [-1.0, 0.0] for i in ids]
        embedded = np.hstack([embedded, np.reshape(matches, (len(ids), 2))])
    embedded = embedded * real[:, np.newaxis]

    def view(stack: str) -> Array:
        views = {"embedding": lambda: embedded, "convolution": lambda: convolve(model, weights, stack, embedded, real)}
        return np.hstack([views[name]() for name in (model.views if model.conv else ["embedding"])])

    return Side(view("conv"), view("key_conv" if model.attention.key == "convolution" else "conv"), real)


def convolve(model: ModelConfig, weights: Weights, stack: str, x: Array, real: NDArray[np.bool_]) -> Array:
    for i, conv in enumerate(model.conv):
        kernel = weights[f"{stack}/{i}/kernel"]  # [kernel_size, dim, filters]
        reach = (conv.kernel_size - 1) * conv.dilation_rate
        left = reach if conv.padding == "causal" else reach // 2  # TensorFlow's `same`
        out = np.zeros((len(x), conv.filters))
        for t in range(len(x)):
            for k in range(conv.kernel_size):
                source = t + k * conv.dilation_rate - left
                if 0 <= source < len(x):
                    out[t] += x[source] @ kernel[k]
        if conv.use_bias:
            out += weights[f"{stack}/{i}/bias"]
        x = ACTIVATIONS[conv.activation](out) * real[:, np.newaxis]
    return x


def attend(model: ModelConfig, weights: Weights, query: Side, value: Side) -> Array:
    """Attention scores [Tq, Tv] after mask and softmax; a row with nothing to attend to is uniform."""
    attention = model.attention
    scale = weights.get("attention/scale", 1.0)
    Tq, Tv = len(query.encoding), len(value.key)
    scores = np.zeros((Tq, Tv))
    for i, q in enumerate(query.encoding):
        if attention.score_mode == "dot":
            row = scale * (value.key @ q)
        else:
            row = weights["attention/concat_score_weight"] * np.tanh(scale * (q + value.key)).sum(axis=1)
        allowed = value.real & (np.arange(Tv) <= i) if attention.use_causal_mask else value.real
        if allowed.any():
            row = row[allowed] / attention.temperature
            scores[i, allowed] = np.exp(row - row.max()) / np.exp(row - row.max()).sum()
        elif Tv:
            scores[i] = 1 / Tv
    return scores


def logits(model: ModelConfig, weights: Weights, query: Ids, value: Ids) -> Array:
    """The head's outputs [1] or [classes]."""
    q, v = encode(model, weights, query, value), encode(model, weights, value, query)
    x = pooled(model, weights, q, v)
    if model.attention.direction == "both":
        x += pooled(model, weights, v, q)
    if model.overlap:
        x.append(
            (overlap(query, value, weights["tokens/idf"]) - weights["overlap/mean"]) / weights["overlap/deviation"]
        )
    hidden = np.concatenate(x)
    for i in range(len(model.dnn.units)):
        hidden = dense(weights, f"dnn/{i}", model.dnn.activation, hidden)
    return dense(weights, "head", "linear", hidden)


def dense(weights: Weights, name: str, activation: str, x: Array) -> Array:
    return ACTIVATIONS[activation](x @ weights[f"{name}/kernel"] + weights[f"{name}/bias"])


def head(config: Config, logits: Array) -> Array:
    """What the task makes of the logits: a grade, a probability, or the classes' probabilities."""
    if config.task == "regression":
        return logits[0]
    if config.task == "multiclass":
        return np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
    return ACTIVATIONS["sigmoid"](logits[0])


def pooled(model: ModelConfig, weights: Weights, query: Side, value: Side) -> list[Array]:
    """Every feature of a text, pooled in every way over its real positions: zero if it has none."""
    attended = attend(model, weights, query, value) @ value.encoding  # [Tq, F]
    sequences = {
        "encoding": query.encoding,
        "attention": attended,
        "absolute_difference": np.abs(query.encoding - attended),
        "product": query.encoding * attended,
    }
    features = [sequences[feature] for feature in model.features]
    if model.compare:
        features = [dense(weights, "compare", model.compare.activation, np.hstack(features))]
    pools: dict[str, Callable[[Array], Array]] = {"average": lambda x: x.mean(axis=0), "max": lambda x: x.max(axis=0)}
    return [
        pools[pooling](x[query.real]) if query.real.any() else np.zeros(x.shape[1])
        for x in features
        for pooling in model.pooling
    ]


def overlap(query: Ids, value: Ids, idf: Array) -> Array:
    """What two texts have in common, in the order of overlap.py."""
    Q, V = set(query.tolist()), set(value.tolist())
    Q2, V2 = set(pairwise(query.tolist())), set(pairwise(value.tolist()))

    def w(ids: set[int]) -> float:
        return sum(idf[i] for i in ids)

    def ratio(part: float, whole: float) -> float:
        return part / whole if whole else 0.0

    Tq, Tv = max(len(query), 1), max(len(value), 1)
    return np.array(
        [
            ratio(len(Q & V), len(Q)),
            ratio(len(Q & V), len(V)),
            ratio(len(Q & V), len(Q | V)),
            ratio(w(Q & V), w(Q)),
            ratio(w(Q & V), w(V)),
            ratio(w(Q & V), w(Q | V)),
            np.log(1 + w(Q & V)),
            np.log(1 + w(Q - V)),
            np.log(1 + w(V - Q)),
            ratio(len(Q2 & V2), len(Q2)),
            ratio(len(Q2 & V2), len(V2)),
            np.log(Tq),
            np.log(Tv),
            np.log(Tq / Tv),
            query.tolist() == value.tolist(),
        ]
    )
