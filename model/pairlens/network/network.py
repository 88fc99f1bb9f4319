"""The network as tf-keras trains it. scorer.py tells the same story, in the same order, on plain arrays.

    query ids [B, Tq] ─ embed ─ convolve ─┬─────────── pool ────────────┐
            (shared weights)              attend(query, value) ─ pool ──┤ concatenate ─ dnn ─ head ─ score
    value ids [B, Tv] ─ embed ─ convolve ─┘                             │

Source: the CNN + attention example of https://www.tensorflow.org/api_docs/python/tf/keras/layers/Attention. It deviates
in one thing, which `masking: none` undoes: no position that stands for padding takes part in anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count
from typing import NamedTuple

import numpy as np
import tensorflow as tf
import tf_keras
from numpy.typing import NDArray

from pairlens.config.keras import EmbeddingsInitializer, Initializer
from pairlens.config.model import OVERLAP_FEATURES, ConvConfig, ModelConfig
from pairlens.config.schema import Config
from pairlens.network.concat_scores import concat_scores
from pairlens.network.dropout import Drop, Dropout, keep
from pairlens.network.folded_convolution import Words, WordTexts
from pairlens.texts.overlap import SWAPPED, SWAPPED_SIGN

Floats = NDArray[np.float32]


_HEADS = {"binary": tf.sigmoid, "ranking": tf.sigmoid, "regression": tf.identity, "multiclass": tf.nn.softmax}


class Side(NamedTuple):
    """One text of every pair: `encoding` and `key` [B, T, F], `mask` and `inside` bool [B, T].

    `inside` is where the text has a token; `mask` is where it has one that is not masked by `mask_zero`.
    """

    encoding: tf.Tensor
    key: tf.Tensor
    mask: tf.Tensor
    inside: tf.Tensor


class Rows(NamedTuple):
    """The rows of the embedding that a batch names.

    `ids` [words], distinct; `embeddings` float32 [words, dim]; `query` [B, Tq] and `value` [B, Tv] int32, the places of
    their ids among the words.
    """

    ids: tf.Tensor
    embeddings: tf.Tensor
    query: tf.Tensor
    value: tf.Tensor


class Network(tf_keras.Model):  # type: ignore[misc]
    """The model of a config; see `call`."""

    def __init__(self, config: Config) -> None:
        super().__init__(name="pairlens")
        model, seeds = config.model, count(config.training.seed << 16)
        self.config = model
        self.embedding = tf_keras.layers.Embedding(
            model.embedding.input_dim,
            model.embedding.output_dim,
            embeddings_initializer=_initializer(model.embedding.embeddings_initializer, next(seeds)),
            trainable=model.embedding.trainable,
        )
        self.conv = [_conv1d(conv, seeds) for conv in model.conv]
        self.key_conv = [_conv1d(conv, seeds) for conv in model.conv] if model.attention.key == "convolution" else []
        self.idf = tf.Variable(tf.zeros([model.embedding.input_dim]), trainable=False, name="idf")
        self.overlap_mean = tf.Variable(tf.zeros([OVERLAP_FEATURES]), trainable=False, name="mean")
        self.overlap_deviation = tf.Variable(tf.ones([OVERLAP_FEATURES]), trainable=False, name="deviation")
        # It holds the layer's weights; `attend` computes what it would, with exact masks.
        self.attention = tf_keras.layers.Attention(
            use_scale=model.attention.use_scale, score_mode=model.attention.score_mode
        )
        self.attention.build([None, None])
        self.compare_layer = _dense(model.compare.units, model.compare.activation, seeds) if model.compare else None
        self.dnn = [_dense(units, model.dnn.activation, seeds) for units in model.dnn.units]
        self.head = _dense(model.classes or 1, "linear", seeds)
        self.head_activation = _HEADS[config.task]
        compares = bool({"absolute_difference", "product"} & set(model.features)) or model.compare is not None
        self._folds = _folds(model)
        # Keras would build these layers when they are first called, which they are not.
        for layer in (self.conv[0], *self.key_conv[:1]) if self._folds else ():
            layer.build([None, None, model.embedding.output_dim])
        if self.compare_layer:
            self.compare_layer.build([None, None, sum(model.view_widths.values()) * len(model.features)])
        self._pools_first = model.masking == "exact" and model.pooling == ("average",) and not compares

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
        """Scores of a batch.

        Args:
            query, value: int32 ids [B, Tq] and [B, Tv], padded with anything after their true lengths.
            query_length, value_length: int32 [B].
            overlap: float32 [B, 15], what overlap.py makes of the texts, for a model with `overlap`.
            dropout: given in training (`training=True` of Keras), else None.
            rows: what stands for the embedding, if it is given.

        Returns:
            score [B] (probability or grade; probabilities [B, classes] of a multiclass model), and the intermediates by
            name: `logits` [orders, B] or [orders, B, classes] (two orders if `symmetric`: the score is their mean),
            `scores` [B, Tq, Tv], and `value_scores` [B, Tv, Tq] where the value attends too.
        """
        drop = dropout or keep
        query_matched, value_matched = self.find_matches(query, query_length, value, value_length)
        query, value = self.clean(query, query_length), self.clean(value, value_length)
        query_vectors, value_vectors = self.look_up(query, query_length, value, value_length, rows)
        query_side = self.encode(query, query_length, query_vectors, query_matched, drop)
        value_side = self.encode(value, value_length, value_vectors, value_matched, drop)
        logits, parts = self.compare(query_side, value_side, overlap, drop)
        parts["logits"] = logits[tf.newaxis]
        if self.config.symmetric:
            swapped = None if overlap is None else tf.gather(overlap, SWAPPED, axis=1) * SWAPPED_SIGN
            parts["logits"] = tf.stack([logits, self.compare(value_side, query_side, swapped, drop)[0]])
        return tf.reduce_mean(self.head_activation(parts["logits"]), axis=0), parts

    def find_matches(
        self, query: tf.Tensor, query_length: tf.Tensor, value: tf.Tensor, value_length: tf.Tensor
    ) -> tuple[tf.Tensor | None, tf.Tensor | None]:
        """Which tokens stand in the other text of their pair too: float32 [B, Tq] and [B, Tv], 1 or 0."""
        if not self.config.embedding.match_channels:
            return None, None
        query_inside = tf.sequence_mask(query_length, tf.shape(query)[1])[:, :, tf.newaxis]
        value_inside = tf.sequence_mask(value_length, tf.shape(value)[1])[:, tf.newaxis, :]
        same = (query[:, :, tf.newaxis] == value[:, tf.newaxis, :]) & query_inside & value_inside  # [B, Tq, Tv]
        return tf.cast(tf.reduce_any(same, axis=2), tf.float32), tf.cast(tf.reduce_any(same, axis=1), tf.float32)

    def clean(self, ids: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
        """The ids [B, T] with 0 for padding, which may hold anything."""
        return ids if self.config.masking == "none" else tf.where(tf.sequence_mask(length, tf.shape(ids)[1]), ids, 0)

    def look_up(
        self, query: tf.Tensor, query_length: tf.Tensor, value: tf.Tensor, value_length: tf.Tensor, rows: Rows | None
    ) -> list[tf.Tensor | WordTexts]:
        """What the embedding has for the ids of both texts: [B, T, dim], or words whose convolution can be shared."""
        if not self._folds:
            if rows is None:
                return [self.embedding(query), self.embedding(value)]
            return [tf.gather(rows.embeddings, rows.query), tf.gather(rows.embeddings, rows.value)]
        if rows is None:
            ids, places = tf.unique(tf.concat([tf.reshape(query, [-1]), tf.reshape(value, [-1])], axis=0))
            places = [places[: tf.size(query)], places[tf.size(query) :]]
            rows = Rows(ids, self.embedding(ids), *map(tf.reshape, places, [tf.shape(query), tf.shape(value)]))
        texts = [(rows.query, query_length), (rows.value, value_length)]
        words = Words(rows.ids, rows.embeddings, self.config.embedding.mask_zero, texts)
        return [WordTexts(words, 0), WordTexts(words, 1)]

    def encode(
        self,
        ids: tf.Tensor,
        length: tf.Tensor,
        vectors: tf.Tensor | WordTexts,
        matched: tf.Tensor | None,
        drop: Drop,
    ) -> Side:
        """Embed and convolve ids [B, T], zeroing what is padding before the first convolution and after each."""
        inside = tf.sequence_mask(length, tf.shape(ids)[1])
        if self.config.masking == "none":
            inside = tf.ones_like(inside)
        mask = inside & (ids != 0) if self.config.embedding.mask_zero else inside
        if isinstance(vectors, WordTexts):
            embedded = vectors
        else:
            embedded = self.zero_masked(self.embed(ids, vectors, matched, drop), mask)
        encoding = self.view(embedded, mask, self.conv)  # [B, T, F]
        key = self.view(embedded, mask, self.key_conv) if self.key_conv else encoding
        return Side(encoding, key, mask, inside)

    def embed(self, ids: tf.Tensor, vectors: tf.Tensor, matched: tf.Tensor | None, drop: Drop) -> tf.Tensor:
        """The embedding's vectors [B, T, dim] of ids [B, T], and beside them the match channels."""
        embedded = drop(vectors, self.config.embedding.dropout)
        if matched is None:
            return embedded
        channels = tf.stack([2.0 * matched - 1.0, matched * tf.gather(self.idf, ids)], axis=-1)
        return tf.concat([embedded, channels], axis=-1)

    def view(self, embedded: tf.Tensor | WordTexts, mask: tf.Tensor, layers: list[tf_keras.layers.Conv1D]) -> tf.Tensor:
        """The encoding [B, T, F]: the embedding, its convolution, or both side by side, as `views` says."""
        views = [
            embedded if name == "embedding" else self.convolve(embedded, mask, layers)
            for name in self.config.view_widths
        ]
        return tf.concat(views, axis=-1)

    def convolve(self, x: tf.Tensor | WordTexts, mask: tf.Tensor, layers: list[tf_keras.layers.Conv1D]) -> tf.Tensor:
        for conv, layer in zip(self.config.conv, layers, strict=True):
            if isinstance(x, WordTexts):
                x = x.convolve(conv, layer)
                if not self.config.embedding.mask_zero:
                    continue  # it is zero where it must be
            else:
                x = layer(x)
            x = self.zero_masked(x, mask)
        return x

    def zero_masked(self, x: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
        return x if self.config.masking == "none" else tf.where(mask[:, :, tf.newaxis], x, 0.0)

    def compare(
        self, query: Side, value: Side, overlap: tf.Tensor | None, drop: Drop
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Logits [B] or [B, classes] of the encoded pairs in one order, and their attention scores by name."""
        parts: dict[str, tf.Tensor] = {}
        features, parts["scores"] = self.attend_and_pool(query, value, drop)
        if self.config.attention.direction == "both":
            value_features, parts["value_scores"] = self.attend_and_pool(value, query, drop)
            features += value_features
        if self.config.overlap:
            features.append((overlap - self.overlap_mean) / self.overlap_deviation)
        x = drop(tf.concat(features, axis=-1), self.config.dnn.dropout)  # [B, sides * features * poolings * F]
        for layer in self.dnn:
            x = drop(layer(x), self.config.dnn.dropout)
        logits = self.head(x)
        return logits if self.config.classes else logits[:, 0], parts

    def attend(self, query: Side, value: Side) -> tf.Tensor:
        """Attention scores [B, Tq, Tv] after mask and softmax.

        As `tf_keras.layers.Attention.call`, but masked scores are excluded exactly, however large the others are (the
        layer subtracts 1e9), and a row with nothing to attend to is uniform over the text (the layer's would be uniform
        over its padding too).
        """
        attention = self.config.attention
        if attention.score_mode == "dot":
            scores = tf.matmul(query.encoding, value.key, transpose_b=True)  # [B, Tq, Tv]
            if attention.use_scale:
                scores *= self.attention.scale
        else:
            scale = self.attention.scale if attention.use_scale else tf.ones([])
            scores = concat_scores(query.encoding, value.key, scale, self.attention.concat_score_weight)
        if attention.temperature != 1.0:
            scores /= attention.temperature

        allowed = value.mask[:, tf.newaxis, :]  # [B, 1, Tv]
        if attention.use_causal_mask:
            Tq, Tv = tf.shape(scores)[1], tf.shape(scores)[2]
            allowed &= tf.range(Tq)[:, tf.newaxis] >= tf.range(Tv)[tf.newaxis, :]  # [B, Tq, Tv]
        nothing = ~tf.reduce_any(allowed, axis=-1, keepdims=True)
        scores = tf.where(nothing, 0.0, scores)
        allowed |= nothing & value.inside[:, tf.newaxis, :]
        # Of an empty text nothing is allowed at all: its softmax is over lowest numbers, and zeroed.
        scores = tf.nn.softmax(tf.where(allowed, scores, scores.dtype.min))
        return tf.where(allowed, scores, 0.0)

    def attend_and_pool(self, query: Side, value: Side, drop: Drop) -> tuple[list[tf.Tensor], tf.Tensor]:
        """The pooled features of one direction, each [B, F], and its attention scores [B, Tq, Tv]."""
        scores = self.attend(query, value)
        weights = drop(scores, self.config.attention.dropout)
        if self._pools_first:
            # The mean of the attended rows is the mean row of weights, applied once: Tv * F products, not Tq * Tv * F.
            mean_weights = self.pool_average(weights, query.mask)[:, tf.newaxis]  # [B, 1, Tv]
            average = {
                "encoding": lambda: self.pool_average(query.encoding, query.mask),
                "attention": lambda: tf.matmul(mean_weights, value.encoding)[:, 0],
            }
            return [average[feature]() for feature in self.config.features], scores

        attended = self.zero_masked(tf.matmul(weights, value.encoding), query.mask)  # [B, Tq, F]
        sequences = {
            "encoding": lambda: query.encoding,
            "attention": lambda: attended,
            "absolute_difference": lambda: tf.abs(query.encoding - attended),
            "product": lambda: query.encoding * attended,
        }
        features = [sequences[feature]() for feature in self.config.features]
        if self.compare_layer:
            features = [_dense_of_parts(self.compare_layer, features)]  # [B, Tq, units]
        pools = {"average": self.pool_average, "max": self.pool_max}
        pooled = [pools[pooling](feature, query.mask) for feature in features for pooling in self.config.pooling]
        return pooled, scores

    def pool_average(self, x: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
        """Mean of x [B, T, F] over the true positions; zero for a text without any."""
        if self.config.masking == "none":
            return tf.reduce_mean(x, axis=1)
        real = tf.cast(mask, x.dtype)
        share = real / tf.maximum(tf.reduce_sum(real, axis=1, keepdims=True), 1.0)  # [B, T]
        return tf.matmul(share[:, tf.newaxis], x)[:, 0]

    def pool_max(self, x: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
        """Maximum of x [B, T, F] over the true positions; zero for a text without any."""
        highest = tf.reduce_max(tf.where(mask[:, :, tf.newaxis], x, x.dtype.min), axis=1)
        return tf.where(tf.reduce_any(mask, axis=1, keepdims=True), highest, 0.0)

    # ---- weights by name -----------------------------------------------------------------------------------------

    def named_variables(self) -> dict[str, tf.Variable]:
        """The variables by the names of weights.npz."""

        def numbered(stack: str, layers: list[tf_keras.layers.Layer]) -> list[tuple[str, tf_keras.layers.Layer]]:
            return [(f"{stack}/{i}", layer) for i, layer in enumerate(layers)]

        named = [
            ("embedding", self.embedding),
            *numbered("conv", self.conv),
            *numbered("key_conv", self.key_conv),
            ("attention", self.attention),
            *([("compare", self.compare_layer)] if self.compare_layer else []),
            *numbered("dnn", self.dnn),
            ("head", self.head),
        ]
        # Keras names a variable path/name:0.
        variables = {f"{at}/{v.name.split('/')[-1][:-2]}": v for at, layer in named for v in layer.weights}
        if self.config.embedding.match_channels or self.config.overlap:
            variables["tokens/idf"] = self.idf
        if self.config.overlap:
            variables |= {"overlap/mean": self.overlap_mean, "overlap/deviation": self.overlap_deviation}
        return variables

    def arrays(self) -> dict[str, Floats]:
        """A copy of the weights, as scorer.py and weights.npz have them."""
        return {name: variable.numpy().copy() for name, variable in self.named_variables().items()}

    def assign(self, arrays: Mapping[str, Floats]) -> None:
        """Set the weights to arrays of the same names and shapes."""
        for name, variable in self.named_variables().items():
            variable.assign(arrays[name])


def build_network(config: Config) -> Network:
    """The network of a config with its initial weights, which follow from `training.seed` alone."""
    network = Network(config)
    ids, length = tf.zeros([1, 1], tf.int32), tf.ones([1], tf.int32)
    network(ids, length, ids, length, tf.zeros([1, OVERLAP_FEATURES]))
    return network


def _folds(model: ModelConfig) -> bool:
    """Whether the first convolution sees words alone, so that what its taps make of a word can be shared."""
    embedding = model.embedding
    only_words = not embedding.match_channels and embedding.dropout == 0.0
    return model.masking == "exact" and tuple(model.view_widths) == ("convolution",) and only_words


def _conv1d(conv: ConvConfig, seeds: Iterator[int]) -> tf_keras.layers.Conv1D:
    regularizer = conv.kernel_regularizer
    return tf_keras.layers.Conv1D(
        conv.filters,
        conv.kernel_size,
        padding=conv.padding,
        dilation_rate=conv.dilation_rate,
        activation=conv.activation,
        use_bias=conv.use_bias,
        kernel_initializer=_initializer(conv.kernel_initializer, next(seeds)),
        bias_initializer=_initializer(conv.bias_initializer, next(seeds)),
        kernel_regularizer=tf_keras.regularizers.L2(regularizer.l2) if regularizer else None,
    )


def _dense(units: int, activation: str, seeds: Iterator[int]) -> tf_keras.layers.Dense:
    kernel_initializer = tf_keras.initializers.GlorotUniform(seed=next(seeds))
    return tf_keras.layers.Dense(units, activation=activation, kernel_initializer=kernel_initializer)


def _dense_of_parts(layer: tf_keras.layers.Dense, parts: list[tf.Tensor]) -> tf.Tensor:
    """What the built layer makes of the parts [B, T, F] side by side, without putting them there: [B, T, units]."""
    kernels = tf.split(layer.kernel, len(parts))
    products = [tf.tensordot(part, kernel, 1) for part, kernel in zip(parts, kernels, strict=True)]
    return layer.activation(tf.nn.bias_add(tf.add_n(products), layer.bias))


def _initializer(initializer: Initializer | EmbeddingsInitializer, seed: int) -> tf_keras.initializers.Initializer:
    arguments = initializer.model_dump(exclude={"name"})
    if initializer.name == "ppmi_svd":  # directions; initial_state.py scales them, and replaces those of words it knows
        return tf_keras.initializers.RandomNormal(stddev=arguments["stddev"], seed=seed)
    if initializer.name == "uniform":
        return tf_keras.initializers.RandomUniform(-arguments["scale"], arguments["scale"], seed)
    if initializer.name not in {"zeros", "ones", "constant"}:
        arguments["seed"] = seed
    return tf_keras.initializers.get({"class_name": initializer.name, "config": arguments})
