"""The Keras layers of a config, each initialised with its own seed."""

from __future__ import annotations

from collections.abc import Iterator

import tensorflow as tf
import tf_keras

from pairlens.config.keras import EmbeddingsInitializer, Initializer
from pairlens.config.model import ConvConfig, EmbeddingConfig


def embedding_layer(embedding: EmbeddingConfig, seeds: Iterator[int]) -> tf_keras.layers.Embedding:
    return tf_keras.layers.Embedding(
        embedding.input_dim,
        embedding.output_dim,
        embeddings_initializer=_initializer(embedding.embeddings_initializer, next(seeds)),
        trainable=embedding.trainable,
    )


def conv_layer(conv: ConvConfig, seeds: Iterator[int]) -> tf_keras.layers.Conv1D:
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


def dense_layer(units: int, activation: str, seeds: Iterator[int]) -> tf_keras.layers.Dense:
    kernel_initializer = tf_keras.initializers.GlorotUniform(seed=next(seeds))
    return tf_keras.layers.Dense(units, activation=activation, kernel_initializer=kernel_initializer)


def dense_of_parts(layer: tf_keras.layers.Dense, parts: list[tf.Tensor]) -> tf.Tensor:
    """The built layer's output [B, T, units] for the concatenated parts [B, T, F], computed without concatenating."""
    kernels = tf.split(layer.kernel, len(parts))
    rows = [tf.reshape(part, [-1, part.shape[-1]]) for part in parts]  # [B * T, F]
    products = [row @ kernel for row, kernel in zip(rows, kernels, strict=True)]
    out = layer.activation(tf.nn.bias_add(tf.add_n(products), layer.bias))  # [B * T, units]
    return tf.reshape(out, [*tf.unstack(tf.shape(parts[0])[:2]), layer.units])


def _initializer(initializer: Initializer | EmbeddingsInitializer, seed: int) -> tf_keras.initializers.Initializer:
    arguments = initializer.model_dump(exclude={"name"})
    if initializer.name == "ppmi_svd":  # for words to which training/start.py gives no direction
        return tf_keras.initializers.RandomNormal(stddev=arguments["stddev"], seed=seed)
    if initializer.name == "uniform":
        return tf_keras.initializers.RandomUniform(-arguments["scale"], arguments["scale"], seed)
    if initializer.name not in {"zeros", "ones", "constant"}:
        arguments["seed"] = seed
    return tf_keras.initializers.get({"class_name": initializer.name, "config": arguments})
