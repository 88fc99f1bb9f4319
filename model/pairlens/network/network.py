"""The network as tf-keras trains it: the stages of scoring/reference.py, for batches of padded pairs.

    query [B, Tq] ─ embed ─ convolve ─┬────────────────────── features ─ compare ─ pool ─┐
          (shared weights)            attention_scores ─ attend ─┘                       ├ overlap ─ dnn ─ head ─ score
    value [B, Tv] ─ embed ─ convolve ─┘                    (and the value to the query) ─┘

Source: the CNN + attention example of https://www.tensorflow.org/api_docs/python/tf/keras/layers/Attention. It deviates
in one point, unless `masking: none` is set: padding has no influence on any result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count

import numpy as np
import tensorflow as tf
import tf_keras
from numpy.typing import NDArray

from pairlens.config.model import LINEAR_FEATURES, OVERLAP_FEATURES, WIDE_LIMIT
from pairlens.config.schema import Config
from pairlens.network.concat_scores import concat_scores
from pairlens.network.dropout import Drop, Dropout, keep
from pairlens.network.encoder import Encoder, Rows, Side
from pairlens.network.layers import dense_layer, dense_of_parts
from pairlens.texts.overlap import SWAPPED, SWAPPED_SIGN

Floats = NDArray[np.float32]

_HEADS = {"binary": tf.sigmoid, "ranking": tf.sigmoid, "regression": tf.identity, "multiclass": tf.nn.softmax}


class Network(tf_keras.Model):  # type: ignore[misc]
    """The model of a config; see `call`.

    Args:
        folds: whether the first convolution may fold, which takes a Python function in the graph.
    """

    def __init__(self, config: Config, folds: bool = True) -> None:
        super().__init__(name="pairlens")
        model, seeds = config.model, count(config.training.seed << 16)
        self.config = model
        self.head = _HEADS[config.task]
        self.linear_head = config.task == "regression"
        self.encoder = Encoder(model, seeds, folds)
        self.overlap_mean = tf.Variable(tf.zeros([OVERLAP_FEATURES]), trainable=False, name="mean")
        self.overlap_deviation = tf.Variable(tf.ones([OVERLAP_FEATURES]), trainable=False, name="deviation")
        # Only for its weights; `attention_scores` computes the same with exact masks.
        self.attention_layer = tf_keras.layers.Attention(
            use_scale=model.attention.use_scale, score_mode=model.attention.score_mode
        )
        self.attention_layer.build([None, None])
        self.compare_layer = None
        if model.compare:
            self.compare_layer = dense_layer(model.compare.units, model.compare.activation, seeds)
            self.compare_layer.build([None, None, sum(model.view_widths.values()) * len(model.features)])
        self.dnn_layers = [dense_layer(units, model.dnn.activation, seeds) for units in model.dnn.units]
        self.head_layer = dense_layer(model.classes or 1, "linear", seeds)
        linear = set(model.features) <= set(LINEAR_FEATURES) and model.compare is None
        self._pools_first = model.masking == "exact" and model.pooling == ("average",) and linear

    def call(
        self,
        query: tf.Tensor,
        query_length: tf.Tensor,
        value: tf.Tensor,
        value_length: tf.Tensor,
        overlap: tf.Tensor | None = None,
        dropout: Dropout | None = None,
        rows: Rows | None = None,
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Score a batch.

        Args:
            query, value: int32 ids [B, Tq] and [B, Tv], padded with any ids after their true lengths.
            query_length, value_length: int32 [B].
            overlap: float32 [B, 15], the overlap features of texts/overlap.py, for a model with `overlap`.
            dropout: set in training (Keras's `training=True`), else None.
            rows: if given, the rows of the embedding to use instead of the layer's.

        Returns:
            score [B] (probability or grade; probabilities [B, classes] of a multiclass model), and the intermediates by
            name: `logits` [orders, B] or [orders, B, classes] (two orders if `symmetric`: the score is their mean),
            `scores` [B, Tq, Tv], and with `direction: both` `value_scores` [B, Tv, Tq].
        """
        drop = dropout or keep
        sides = self.encoder.encode_pair(query, query_length, value, value_length, rows, drop)
        both, symmetric = self.config.attention.direction == "both", self.config.symmetric
        directions = self.directions(*sides) if both or symmetric else [(*sides, self.raw_scores(*sides))]
        features, scores = zip(*(self.features_of_direction(*direction, drop) for direction in directions), strict=True)
        logits = [self.logits(features, overlap, drop)]
        if symmetric:
            swapped = None if overlap is None else tf.gather(overlap, SWAPPED, axis=1) * SWAPPED_SIGN
            logits.append(self.logits(features[::-1], swapped, drop))
        parts = {"logits": tf.stack(logits), "scores": scores[0]} | ({"value_scores": scores[1]} if both else {})
        return tf.reduce_mean(self.head(parts["logits"]), axis=0), parts

    def logits(self, features: Sequence[list[tf.Tensor]], overlap: tf.Tensor | None, drop: Drop) -> tf.Tensor:
        """The head's outputs [B] or [B, classes] before its activation, from the pooled features of each direction.

        Without `direction: both`, only those of the first direction are used.
        """
        used = features if self.config.attention.direction == "both" else features[:1]
        x = [feature for direction in used for feature in direction]
        if self.config.overlap:
            x.append((overlap - self.overlap_mean) / self.overlap_deviation)
        hidden = self.dnn(tf.concat(x, axis=-1), drop)
        if self.config.wide:
            hidden = tf.concat([hidden, tf.clip_by_value(x[-1], -WIDE_LIMIT, WIDE_LIMIT)], axis=-1)
        logits = self.head_layer(hidden)
        return logits if self.config.classes else logits[:, 0]

    def directions(self, query: Side, value: Side) -> list[tuple[Side, Side, tf.Tensor]]:
        """The side that attends, the other side and their raw scores, for the query attending and for the value."""
        raw = self.raw_scores(query, value)
        # Both kinds of scores are symmetric, unless keys have convolutions of their own.
        other = self.raw_scores(value, query) if self.encoder.key_conv else tf.transpose(raw, [0, 2, 1])  # [B, Tv, Tq]
        return [(query, value, raw), (value, query, other)]

    def features_of_direction(
        self, query: Side, value: Side, raw: tf.Tensor, drop: Drop
    ) -> tuple[list[tf.Tensor], tf.Tensor]:
        """From raw scores, the pooled features of a direction, each [B, F], and its attention scores [B, Tq, Tv]."""
        scores = self.attention_scores(raw, value)
        weights = drop(scores, self.config.attention.dropout)
        if self._pools_first:
            # The mean attended row is the mean row of weights @ value: Tv * F products, not Tq * Tv * F.
            mean_weights = self.pool("average", weights, query.mask)[:, tf.newaxis]  # [B, 1, Tv]
            attended = self.attend(mean_weights, value)[:, 0]
            averages = {"encoding": self.pool("average", query.encoding, query.mask), "attention": attended}
            return [averages[feature] for feature in self.config.features], scores
        sequences = self.features(query, self.attend(weights, value))
        if self.compare_layer:
            sequences = [self.compare(sequences)]
        return [self.pool(pooling, x, query.mask) for x in sequences for pooling in self.config.pooling], scores

    # ---- the stages, in data-flow order; those before are the encoder's ----------------------------------------------

    def raw_scores(self, query: Side, value: Side) -> tf.Tensor:
        """Attention scores [B, Tq, Tv] before mask and softmax."""
        attention, layer = self.config.attention, self.attention_layer
        if attention.score_mode == "dot":
            scores = tf.matmul(query.encoding, value.key, transpose_b=True)  # [B, Tq, Tv]
            if attention.use_scale:
                scores *= layer.scale
        else:
            scale = layer.scale if attention.use_scale else tf.ones([])
            scores = concat_scores(query.encoding, value.key, scale, layer.concat_score_weight)
        return scores if attention.temperature == 1.0 else scores / attention.temperature

    def attention_scores(self, scores: tf.Tensor, value: Side) -> tf.Tensor:
        """Attention scores [B, Tq, Tv] after mask and softmax, from the raw ones.

        As `tf_keras.layers.Attention.call`, but masked scores are excluded exactly, however large the others are (the
        layer subtracts 1e9), and a row with nothing to attend to is uniform over the text (the layer's would be uniform
        over its padding too).
        """
        allowed = value.mask[:, tf.newaxis, :]  # [B, 1, Tv]
        if self.config.attention.use_causal_mask:
            Tq, Tv = tf.shape(scores)[1], tf.shape(scores)[2]
            allowed &= tf.range(Tq)[:, tf.newaxis] >= tf.range(Tv)[tf.newaxis, :]  # [B, Tq, Tv]
        uniform = ~tf.reduce_any(allowed, axis=-1, keepdims=True)
        scores = tf.where(uniform, 0.0, scores)
        allowed |= uniform & value.inside[:, tf.newaxis, :]
        # In an empty text nothing is allowed: the softmax of the lowest number everywhere is then set to zero.
        scores = tf.nn.softmax(tf.where(allowed, scores, scores.dtype.min))
        return tf.where(allowed, scores, 0.0)

    def attend(self, scores: tf.Tensor, value: Side) -> tf.Tensor:
        """What each position of the query attended to, [B, Tq, F]: the value's encoding weighted by the scores."""
        return tf.matmul(scores, value.encoding)

    def features(self, query: Side, attended: tf.Tensor) -> list[tf.Tensor]:
        """The features of the query's positions, each [B, Tq, F]."""
        made = {
            "encoding": query.encoding,
            "attention": attended,
            "absolute_difference": tf.abs(query.encoding - attended),
            "product": query.encoding * attended,
        }
        return [made[feature] for feature in self.config.features]

    def compare(self, sequences: list[tf.Tensor]) -> tf.Tensor:
        """The dense layer `compare` over the features of each position: [B, Tq, units]."""
        return dense_of_parts(self.compare_layer, sequences)

    def pool(self, pooling: str, x: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
        """The average or the maximum [B, F] of x [B, T, F] over the positions that are not masked; zero if all are."""
        if pooling == "max":
            highest = tf.reduce_max(tf.where(mask[:, :, tf.newaxis], x, x.dtype.min), axis=1)
            return tf.where(tf.reduce_any(mask, axis=1, keepdims=True), highest, 0.0)
        if self.config.masking == "none":
            return tf.reduce_mean(x, axis=1)
        real = tf.cast(mask, x.dtype)
        share = real / tf.maximum(tf.reduce_sum(real, axis=1, keepdims=True), 1.0)  # [B, T]
        return tf.matmul(share[:, tf.newaxis], x)[:, 0]

    def dnn(self, x: tf.Tensor, drop: Drop) -> tf.Tensor:
        """The last hidden layer's output [B, units], with dropout on the input and on each layer's output."""
        x = drop(x, self.config.dnn.dropout)
        for layer in self.dnn_layers:
            x = drop(layer(x), self.config.dnn.dropout)
        return x

    # ---- weights by name -----------------------------------------------------------------------------------------

    def named_variables(self) -> dict[str, tf.Variable]:
        """The variables by the names of weights.npz."""

        def numbered(stack: str, layers: list[tf_keras.layers.Layer]) -> dict[str, tf_keras.layers.Layer]:
            return {f"{stack}/{i}": layer for i, layer in enumerate(layers)}

        layers = {
            "embedding": self.encoder.embedding,
            **numbered("conv", self.encoder.conv),
            **numbered("key_conv", self.encoder.key_conv),
            "attention": self.attention_layer,
            **({"compare": self.compare_layer} if self.compare_layer else {}),
            **numbered("dnn", self.dnn_layers),
            "head": self.head_layer,
        }
        # Keras names a variable path/name:0.
        variables = {f"{at}/{v.name.split('/')[-1][:-2]}": v for at, layer in layers.items() for v in layer.weights}
        if self.config.embedding.match_channels or self.config.overlap:
            variables["tokens/idf"] = self.encoder.idf
        if self.config.overlap:
            variables |= {"overlap/mean": self.overlap_mean, "overlap/deviation": self.overlap_deviation}
        return variables

    def arrays(self) -> dict[str, Floats]:
        """A copy of the weights, by the names of weights.npz."""
        return {name: variable.numpy().copy() for name, variable in self.named_variables().items()}

    def assign(self, arrays: Mapping[str, Floats]) -> None:
        """Set the weights to arrays of the same names and shapes."""
        for name, variable in self.named_variables().items():
            variable.assign(arrays[name])


def build_network(config: Config) -> Network:
    """The network of a config with its initial weights, which depend on `training.seed` only."""
    network = Network(config)
    ids, length = tf.zeros([1, 1], tf.int32), tf.ones([1], tf.int32)
    network(ids, length, ids, length, tf.zeros([1, OVERLAP_FEATURES]))
    return network
