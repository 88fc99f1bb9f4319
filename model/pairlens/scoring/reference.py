"""The reference implementation of the network, to read first: one pair at a time, in float64, with plain loops.

network.py trains the same network; scorer.py and the kernels score it fast. They have the same stages, in the same
order and with the same names, and tests compare all of them with this module. Only tests import it.

    query ids [Tq] ─ embed ─ convolve ─┬────────────────────── features ─ compare ─ pool ─┐
           (shared weights)            attention_scores ─ attend ─┘                       ├ overlap ─ dnn ─ head ─ score
    value ids [Tv] ─ embed ─ convolve ─┘                    (and the value to the query) ─┘

Source: the CNN + attention example of https://www.tensorflow.org/api_docs/python/tf/keras/layers/Attention.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from math import erf
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairlens.config.model import WIDE_LIMIT, ModelConfig
from pairlens.config.schema import Config

Array = NDArray[np.float64]
Ids = NDArray[np.int32]
Weights = Mapping[str, Array]

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
    """One text of a pair: `encoding` and `key` [T, F], `mask` bool [T] (False: masked by `mask_zero`)."""

    encoding: Array
    key: Array
    mask: NDArray[np.bool_]


class Scored(NamedTuple):
    """`score` [] or [classes], and the attention scores of query to value [Tq, Tv] and of value to query [Tv, Tq]."""

    score: Array
    scores: Array
    value_scores: Array


def score_pair(config: Config, weights32: Mapping[str, NDArray[np.float32]], query_ids: Ids, value_ids: Ids) -> Scored:
    """Return the score and the attention scores of one pair of texts, ids [Tq] and [Tv]."""
    model = config.model
    weights = {name: array.astype(np.float64) for name, array in weights32.items()}
    orders = [(query_ids, value_ids), (value_ids, query_ids)] if model.symmetric else [(query_ids, value_ids)]
    score = np.mean([head(config, logits(model, weights, *order)) for order in orders], axis=0)
    query, value = encode(model, weights, query_ids, value_ids), encode(model, weights, value_ids, query_ids)
    return Scored(score, attention_scores(model, weights, query, value), attention_scores(model, weights, value, query))


def logits(model: ModelConfig, weights: Weights, query_ids: Ids, value_ids: Ids) -> Array:
    """Run all stages on the texts in this order; return the head's outputs [1] or [classes] before its activation."""
    query, value = encode(model, weights, query_ids, value_ids), encode(model, weights, value_ids, query_ids)
    x = features_of_direction(model, weights, query, value)
    if model.attention.direction == "both":
        x += features_of_direction(model, weights, value, query)
    if model.overlap:
        mean, deviation = weights["overlap/mean"], weights["overlap/deviation"]
        x.append((overlap(query_ids, value_ids, weights["tokens/idf"]) - mean) / deviation)
    hidden = dnn(model, weights, np.concatenate(x))
    if model.wide:
        hidden = np.concatenate([hidden, np.clip(x[-1], -WIDE_LIMIT, WIDE_LIMIT)])
    return dense(weights, "head", "linear", hidden)


def features_of_direction(model: ModelConfig, weights: Weights, query: Side, value: Side) -> list[Array]:
    """The pooled features of one direction, each [F] (or [units] with the layer `compare`)."""
    scores = attention_scores(model, weights, query, value)
    attended = attend(scores, value)
    sequences = features(model, query, attended)
    if model.compare:
        sequences = [compare(model, weights, sequences)]
    return [pool(pooling, x, query.mask) for x in sequences for pooling in model.pooling]


# ---- the stages, in data-flow order --------------------------------------------------------------------------------


def find_matches(ids: Ids, other: Ids) -> NDArray[np.bool_]:
    """Return which tokens of a text [T] also occur in the other text of its pair."""
    return np.isin(ids, other)


def embed(model: ModelConfig, weights: Weights, ids: Ids, other: Ids, mask: NDArray[np.bool_]) -> Array:
    """The embedding [T, dim] of a text, followed by the match channels: -1 or 1, and the idf of a matched token."""
    embedded = weights["embedding/embeddings"][ids]
    if model.embedding.match_channels:
        matched = find_matches(ids, other)
        channels = np.stack([np.where(matched, 1.0, -1.0), matched * weights["tokens/idf"][ids]], axis=1)
        embedded = np.hstack([embedded, channels])
    return embedded * mask[:, np.newaxis]


def convolve(model: ModelConfig, weights: Weights, stack: str, x: Array, mask: NDArray[np.bool_]) -> Array:
    """The convolutions [T, filters] of a text, one layer after the other; `stack` is conv or key_conv."""
    for i, conv in enumerate(model.conv):
        kernel = weights[f"{stack}/{i}/kernel"]  # [kernel_size, inputs, filters]
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
        x = ACTIVATIONS[conv.activation](out) * mask[:, np.newaxis]
    return x


def encode(model: ModelConfig, weights: Weights, ids: Ids, other: Ids) -> Side:
    """The text `ids` of a pair with the text `other`: its embedding, its convolution, or both side by side."""
    mask = (ids != 0) if model.embedding.mask_zero else np.ones(len(ids), bool)
    embedded = embed(model, weights, ids, other, mask)

    def views(stack: str) -> Array:
        if not model.conv:
            return embedded
        made = {"embedding": embedded, "convolution": convolve(model, weights, stack, embedded, mask)}
        return np.hstack([made[view] for view in model.views])

    return Side(views("conv"), views("key_conv" if model.attention.key == "convolution" else "conv"), mask)


def attention_scores(model: ModelConfig, weights: Weights, query: Side, value: Side) -> Array:
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
        allowed = value.mask & (np.arange(Tv) <= i) if attention.use_causal_mask else value.mask
        if allowed.any():
            row = row[allowed] / attention.temperature
            scores[i, allowed] = np.exp(row - row.max()) / np.exp(row - row.max()).sum()
        elif Tv:
            scores[i] = 1 / Tv
    return scores


def attend(scores: Array, value: Side) -> Array:
    """What each position of the query attended to, [Tq, F]: the value's encoding weighted by the attention scores."""
    attended: Array = scores @ value.encoding
    return attended


def features(model: ModelConfig, query: Side, attended: Array) -> list[Array]:
    """The features of the query's positions, each [Tq, F]."""
    made = {
        "encoding": query.encoding,
        "attention": attended,
        "absolute_difference": np.abs(query.encoding - attended),
        "product": query.encoding * attended,
    }
    return [made[feature] for feature in model.features]


def compare(model: ModelConfig, weights: Weights, sequences: list[Array]) -> Array:
    """The dense layer `compare` over the features of each position [Tq, units] (Parikh et al. 2016, equation 3)."""
    assert model.compare is not None
    return dense(weights, "compare", model.compare.activation, np.hstack(sequences))


def pool(pooling: str, x: Array, mask: NDArray[np.bool_]) -> Array:
    """The average or the maximum [F] of x [T, F] over the positions that are not masked; zero if all are."""
    if not mask.any():
        return np.zeros(x.shape[1])
    pooled: Array = x[mask].mean(axis=0) if pooling == "average" else x[mask].max(axis=0)
    return pooled


def overlap(query_ids: Ids, value_ids: Ids, idf: Array) -> Array:
    """The overlap features [15] of two texts, in the order of texts/overlap.py."""
    Q, V = set(query_ids.tolist()), set(value_ids.tolist())
    Q2, V2 = set(pairwise(query_ids.tolist())), set(pairwise(value_ids.tolist()))

    def w(ids: set[int]) -> float:
        return float(sum(idf[i] for i in ids))

    def ratio(part: float, whole: float) -> float:
        return part / whole if whole else 0.0

    Tq, Tv = max(len(query_ids), 1), max(len(value_ids), 1)
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
            query_ids.tolist() == value_ids.tolist(),
        ]
    )


def dnn(model: ModelConfig, weights: Weights, x: Array) -> Array:
    """The output [units] of the last hidden layer."""
    for i in range(len(model.dnn.units)):
        x = dense(weights, f"dnn/{i}", model.dnn.activation, x)
    return x


def head(config: Config, logits: Array) -> Array:
    """The score: a grade (regression), a probability, or the probabilities of the classes."""
    if config.task == "multiclass":
        softmax: Array = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
        return softmax
    return ACTIVATIONS["linear" if config.task == "regression" else "sigmoid"](logits[0])


def dense(weights: Weights, name: str, activation: str, x: Array) -> Array:
    """activation(x @ kernel + bias)."""
    return ACTIVATIONS[activation](x @ weights[f"{name}/kernel"] + weights[f"{name}/bias"])
