"""The network in plain tf-keras, as on the documentation page of its Attention layer, with masks.

python tests/benchmarks/peer_keras.py RUN QUERY VALUE OUTPUT
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf
import tf_keras
from padded import Floats, ScoreBatch, Texts, read_model, read_texts, read_weights, score_texts, write_scores
from processes import THREADS

TOKENS = 6144  # per batch: the fastest of 1024 to 16384, short and long texts together


class Network(tf_keras.Model):
    """Scores of pairs padded with the id `vocabulary`."""

    def __init__(self, model: dict[str, Any], weights: dict[str, Floats]) -> None:
        super().__init__()
        self.model = model
        self.padding = model["embedding"]["input_dim"]
        layers = tf_keras.layers
        self.embedding = layers.Embedding(self.padding + 1, model["embedding"]["output_dim"])
        self.embedding_dropout = layers.Dropout(model["embedding"]["dropout"])
        self.idf = tf.constant(weights.get("tokens/idf", []))
        conv = model["conv"][0]
        self.conv = layers.Conv1D(conv["filters"], conv["kernel_size"], padding="same", activation=conv["activation"])
        self.attention = layers.Attention()
        self.compare = layers.Dense(model["compare"]["units"], "relu") if model["compare"] else None
        self.average = layers.GlobalAveragePooling1D()
        dropout = layers.Dropout(model["dnn"]["dropout"])
        hidden = [[layers.Dense(units, "relu"), dropout] for units in model["dnn"]["units"]]
        self.dnn = tf_keras.Sequential([dropout, *chain.from_iterable(hidden), layers.Dense(1, "sigmoid")])
        self([tf.zeros([1, 1], tf.int32)] * 2)  # builds the layers
        dense = [*(["compare"] if self.compare else []), *(f"dnn/{i}" for i in range(len(hidden))), "head"]
        names = [f"{layer}/{part}" for layer in ["conv/0", *dense] for part in ("kernel", "bias")]
        self.set_weights([weights[name] for name in ["embedding/embeddings", *names]])

    def call(self, inputs: list[tf.Tensor], training: bool = False) -> tf.Tensor:
        query, value = inputs  # [B, Tq], [B, Tv]
        query_mask, value_mask = query != self.padding, value != self.padding
        query_matched, value_matched = None, None
        if self.model["embedding"]["match_channels"]:
            same = (query[:, :, tf.newaxis] == value[:, tf.newaxis]) & query_mask[:, :, tf.newaxis]  # [B, Tq, Tv]
            query_matched, value_matched = tf.reduce_any(same, axis=2), tf.reduce_any(same, axis=1)
        query_encoding = self.encode(query, query_mask, query_matched, training)  # [B, Tq, F]
        value_encoding = self.encode(value, value_mask, value_matched, training)  # [B, Tv, F]
        features = self.attend_and_pool(query_encoding, query_mask, value_encoding, value_mask)
        if self.model["attention"]["direction"] == "both":
            features += self.attend_and_pool(value_encoding, value_mask, query_encoding, query_mask)
        return self.dnn(tf.concat(features, axis=-1), training=training)[:, 0]  # [B]

    def encode(self, ids: tf.Tensor, mask: tf.Tensor, matched: tf.Tensor | None, training: bool) -> tf.Tensor:
        embedded = self.embedding_dropout(self.embedding(ids), training=training)  # [B, T, dim]
        if matched is not None:
            idf = tf.where(matched, tf.gather(self.idf, ids), 0.0)
            embedded = tf.concat([embedded, tf.stack([tf.where(matched, 1.0, -1.0), idf], axis=-1)], axis=-1)
        embedded = tf.where(mask[:, :, tf.newaxis], embedded, 0.0)
        views = [embedded] if "embedding" in self.model["views"] else []
        return tf.concat([*views, self.conv(embedded)], axis=-1)  # [B, T, F]

    def attend_and_pool(
        self, query: tf.Tensor, query_mask: tf.Tensor, value: tf.Tensor, value_mask: tf.Tensor
    ) -> list[tf.Tensor]:
        """The pooled features [B, F] of one direction."""
        warm = query / self.model["attention"]["temperature"]
        attended = self.attention([warm, value], mask=[query_mask, value_mask])  # [B, Tq, F]
        make = {
            "encoding": lambda: query,
            "attention": lambda: attended,
            "absolute_difference": lambda: tf.abs(query - attended),
            "product": lambda: query * attended,
        }
        features = [make[feature]() for feature in self.model["features"]]
        if self.compare:
            features = [self.compare(tf.concat(features, axis=-1))]  # [B, Tq, units]
        pools = {
            "average": lambda x: self.average(x, mask=query_mask),
            "max": lambda x: tf.reduce_max(tf.where(query_mask[:, :, tf.newaxis], x, x.dtype.min), axis=1),
        }
        return [pools[pooling](feature) for feature in features for pooling in self.model["pooling"]]


def load(run: Path) -> tuple[ScoreBatch, int]:
    """Return a function that scores a padded batch, and the padding id."""
    network = Network(read_model(run), read_weights(run))
    ids = tf.TensorSpec([None, None], tf.int32)
    compiled = tf.function(lambda query, value: network([query, value]), input_signature=[ids, ids])

    def score(query: np.ndarray, value: np.ndarray) -> Floats:
        return compiled(query, value).numpy()

    return score, network.padding


def score_files(run: Path, query: Path, value: Path, output: Path) -> None:
    score, padding = load(run)
    write_scores(output, score_texts(score, read_texts(query), read_texts(value), padding, TOKENS))


def train(run: Path, query: Texts, value: Texts, label: Floats, batch: int, epochs: int) -> Iterator[float]:
    """Yield the pairs per second of each epoch of `fit`, on a tf.data pipeline with batches of similar lengths."""
    network = Network(read_model(run), read_weights(run))
    network.compile(tf_keras.optimizers.Adam(1e-3), tf_keras.losses.BinaryCrossentropy())
    sides = (tf.RaggedTensor.from_row_lengths(texts.ids, texts.lengths) for texts in (query, value))
    lengths = query.lengths + value.lengths
    bounds = np.unique(np.quantile(lengths, np.arange(1, 32) / 32).astype(int)).tolist()
    dataset = (
        tf.data.Dataset.from_tensor_slices((*sides, label))
        .map(lambda *pair: pair)  # ragged rows as plain tensors
        .shuffle(len(label), seed=1)
        .bucket_by_sequence_length(
            lambda query, value, _: tf.size(query) + tf.size(value),
            bucket_boundaries=bounds,
            bucket_batch_sizes=[batch] * (len(bounds) + 1),
            padding_values=(np.int32(network.padding), np.int32(network.padding), None),
        )
        .map(lambda query, value, label: ((query, value), label))
        .prefetch(tf.data.AUTOTUNE)
    )
    for _ in range(epochs):
        began = time.perf_counter()
        network.fit(dataset, verbose=0)
        yield len(label) / (time.perf_counter() - began)


def limit_threads() -> None:
    """Limit TensorFlow's threads; must be called before its first computation."""
    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    tf.config.threading.set_inter_op_parallelism_threads(THREADS)


if __name__ == "__main__":
    limit_threads()
    score_files(*map(Path, sys.argv[1:]))
