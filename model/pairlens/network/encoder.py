"""The first half of the network: from the padded ids of both texts to an encoding of every position."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import tensorflow as tf
import tf_keras

from pairlens.config.model import ModelConfig
from pairlens.network.dropout import Drop
from pairlens.network.folded_convolution import Words, WordTexts
from pairlens.network.layers import conv_layer, embedding_layer


class Side(NamedTuple):
    """One text of every pair: `encoding` and `key` [B, T, F], `mask` and `inside` bool [B, T].

    `inside` is true at the text's tokens, `mask` at those that `mask_zero` does not mask.
    """

    encoding: tf.Tensor
    key: tf.Tensor
    mask: tf.Tensor
    inside: tf.Tensor


class Rows(NamedTuple):
    """The rows of the embedding for the words of a batch.

    `ids` [words], distinct; `embeddings` float32 [words, dim]; `query` [B, Tq] and `value` [B, Tv] int32, the indices
    of the texts' tokens among the words.
    """

    ids: tf.Tensor
    embeddings: tf.Tensor
    query: tf.Tensor
    value: tf.Tensor


class Encoder(tf_keras.layers.Layer):  # type: ignore[misc]
    """The embedding and the convolutions, which both texts share.

    Attributes:
        embedding, conv, key_conv: the Keras layers; no `key_conv` unless keys have convolutions of their own.
        idf: float32 [input_dim], for the match channels.
    """

    def __init__(self, model: ModelConfig, seeds: Iterator[int], folds: bool = True) -> None:
        super().__init__()
        self._model = model
        self.embedding = embedding_layer(model.embedding, seeds)
        self.conv = [conv_layer(conv, seeds) for conv in model.conv]
        self.key_conv = [conv_layer(conv, seeds) for conv in model.conv] if model.attention.key == "convolution" else []
        self.idf = tf.Variable(tf.zeros([model.embedding.input_dim]), trainable=False, name="idf")
        self._folds = folds and _folds(model)
        # Keras builds a layer on its first call, but these are never called.
        for layer in (self.conv[0], *self.key_conv[:1]) if self._folds else ():
            layer.build([None, None, model.embedding.output_dim])

    def encode_pair(
        self,
        query: tf.Tensor,
        query_length: tf.Tensor,
        value: tf.Tensor,
        value_length: tf.Tensor,
        rows: Rows | None,
        drop: Drop,
    ) -> tuple[Side, Side]:
        """Encode both texts of every pair; for the arguments see `Network.call`."""
        query_matched, value_matched = self.find_matches(query, query_length, value, value_length)
        query, value = self.clean(query, query_length), self.clean(value, value_length)
        query_vectors, value_vectors = self.look_up(query, query_length, value, value_length, rows)
        query_side = self.encode(query, query_length, query_vectors, query_matched, drop)
        return query_side, self.encode(value, value_length, value_vectors, value_matched, drop)

    def find_matches(
        self, query: tf.Tensor, query_length: tf.Tensor, value: tf.Tensor, value_length: tf.Tensor
    ) -> tuple[tf.Tensor | None, tf.Tensor | None]:
        """1 for the tokens that also occur in the other text of their pair, else 0: float32 [B, Tq] and [B, Tv]."""
        if not self._model.embedding.match_channels:
            return None, None
        query_inside = tf.sequence_mask(query_length, tf.shape(query)[1])[:, :, tf.newaxis]
        value_inside = tf.sequence_mask(value_length, tf.shape(value)[1])[:, tf.newaxis, :]
        same = (query[:, :, tf.newaxis] == value[:, tf.newaxis, :]) & query_inside & value_inside  # [B, Tq, Tv]
        return tf.cast(tf.reduce_any(same, axis=2), tf.float32), tf.cast(tf.reduce_any(same, axis=1), tf.float32)

    def clean(self, ids: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
        """The ids [B, T] with padding, which may be any ids, replaced by 0."""
        return ids if self._model.masking == "none" else tf.where(tf.sequence_mask(length, tf.shape(ids)[1]), ids, 0)

    def look_up(
        self, query: tf.Tensor, query_length: tf.Tensor, value: tf.Tensor, value_length: tf.Tensor, rows: Rows | None
    ) -> list[tf.Tensor | WordTexts]:
        """The embedding vectors of both texts [B, T, dim], or if the convolution folds, their distinct words."""
        if not self._folds:
            if rows is None:
                return [self.embedding(query), self.embedding(value)]
            return [tf.gather(rows.embeddings, rows.query), tf.gather(rows.embeddings, rows.value)]
        if rows is None:
            ids, indices = tf.unique(tf.concat([tf.reshape(query, [-1]), tf.reshape(value, [-1])], axis=0))
            indices = [indices[: tf.size(query)], indices[tf.size(query) :]]
            rows = Rows(ids, self.embedding(ids), *map(tf.reshape, indices, [tf.shape(query), tf.shape(value)]))
        texts = [(rows.query, query_length), (rows.value, value_length)]
        words = Words(rows.ids, rows.embeddings, self._model.embedding.mask_zero, texts)
        return [WordTexts(words, 0), WordTexts(words, 1)]

    def embed(self, ids: tf.Tensor, vectors: tf.Tensor, matched: tf.Tensor | None, drop: Drop) -> tf.Tensor:
        """The embedding vectors [B, T, dim] of ids [B, T], followed by the match channels."""
        embedded = drop(vectors, self._model.embedding.dropout)
        if matched is None:
            return embedded
        channels = tf.stack([2.0 * matched - 1.0, matched * tf.gather(self.idf, ids)], axis=-1)
        return tf.concat([embedded, channels], axis=-1)

    def convolve(self, x: tf.Tensor | WordTexts, mask: tf.Tensor, layers: list[tf_keras.layers.Conv1D]) -> tf.Tensor:
        """The convolutions [B, T, filters] of a text, one layer after the other."""
        for conv, layer in zip(self._model.conv, layers, strict=True):
            if isinstance(x, WordTexts):
                x = x.convolve(conv, layer)
                if not self._model.embedding.mask_zero:
                    continue  # padding is already zero
            else:
                x = layer(x)
            x = self._zero_masked(x, mask)
        return x

    def encode(
        self,
        ids: tf.Tensor,
        length: tf.Tensor,
        vectors: tf.Tensor | WordTexts,
        matched: tf.Tensor | None,
        drop: Drop,
    ) -> Side:
        """Embed and convolve ids [B, T], setting padding to zero before the first convolution and after each."""
        inside = tf.sequence_mask(length, tf.shape(ids)[1])
        if self._model.masking == "none":
            inside = tf.ones_like(inside)
        mask = inside & (ids != 0) if self._model.embedding.mask_zero else inside
        if isinstance(vectors, WordTexts):
            embedded = vectors
        else:
            embedded = self._zero_masked(self.embed(ids, vectors, matched, drop), mask)

        def views(layers: list[tf_keras.layers.Conv1D]) -> tf.Tensor:
            """The embedding, its convolution, or both side by side: [B, T, F]."""
            encodings = {"embedding": embedded, "convolution": self.convolve(embedded, mask, layers)}
            return tf.concat([encodings[view] for view in self._model.view_widths], axis=-1)

        encoding = views(self.conv)
        return Side(encoding, views(self.key_conv) if self.key_conv else encoding, mask, inside)

    def _zero_masked(self, x: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
        return x if self._model.masking == "none" else tf.where(mask[:, :, tf.newaxis], x, 0.0)


def _folds(model: ModelConfig) -> bool:
    """True if the first convolution's input depends on words only, so that it can be computed once per word."""
    embedding = model.embedding
    only_words = not embedding.match_channels and embedding.dropout == 0.0
    return model.masking == "exact" and tuple(model.view_widths) == ("convolution",) and only_words
