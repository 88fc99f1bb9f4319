"""A folded convolution equals Keras's Conv1D on each text alone, in value and in every gradient."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
import tf_keras
from hypothesis import given, settings
from hypothesis import strategies as st

from pairlens.config.model import ConvConfig
from pairlens.network.folded_convolution import Words, WordTexts

WORDS = 7


def layers(conv: ConvConfig, dim: int) -> tuple[tf_keras.layers.Embedding, tf_keras.layers.Conv1D]:
    """An embedding of WORDS words and a convolution, with random weights."""
    arguments = conv.model_dump(
        include={"filters", "kernel_size", "padding", "dilation_rate", "activation", "use_bias"}
    )
    embedding = tf_keras.layers.Embedding(WORDS, dim, embeddings_initializer=tf_keras.initializers.RandomNormal(seed=1))
    normal = tf_keras.initializers.RandomNormal(seed=2)
    layer = tf_keras.layers.Conv1D(**arguments, kernel_initializer=normal, bias_initializer=normal)
    embedding.build(None)
    layer.build([None, None, dim])
    return embedding, layer


def word_texts(
    ids: np.ndarray, lengths: list[int], embedding: tf_keras.layers.Embedding, mask_zero: bool = False
) -> WordTexts:
    words, indices = tf.unique(ids.ravel())
    texts = [(tf.reshape(indices, ids.shape), tf.constant(lengths))]
    return WordTexts(Words(words, embedding(words), mask_zero, texts), 0)


@settings(max_examples=60)
@given(
    lengths=st.lists(st.integers(0, 6), min_size=1, max_size=4),
    extra=st.integers(1, 3),
    kernel_size=st.integers(1, 6),
    dilation=st.integers(1, 3),
    padding=st.sampled_from(["same", "causal"]),
    filters=st.sampled_from([1, 5, 17]),
    activation=st.sampled_from(["linear", "relu", "sigmoid"]),
    use_bias=st.booleans(),
    mask_zero=st.booleans(),
)
def test_value_and_gradients_equal_conv1d(
    lengths: list[int],
    extra: int,
    kernel_size: int,
    dilation: int,
    padding: str,
    filters: int,
    activation: str,
    use_bias: bool,
    mask_zero: bool,
) -> None:
    conv = ConvConfig(
        filters=filters,
        kernel_size=kernel_size,
        padding=padding,
        dilation_rate=dilation,
        activation=activation,
        use_bias=use_bias,
    )
    embedding, layer = layers(conv, dim=3)
    random = np.random.default_rng(0)
    ids = random.integers(0, WORDS, [len(lengths), max(lengths) + extra], np.int32)
    upstream = random.normal(size=[*ids.shape, filters]).astype(np.float32)
    with tf.GradientTape(persistent=True) as tape:
        actual = word_texts(ids, lengths, embedding, mask_zero).convolve(conv, layer)
        rows = []
        for text, length in zip(ids, lengths, strict=True):
            x = embedding(text[:length]) * ((text[:length, np.newaxis] != 0) | (not mask_zero))
            convolved = layer(x[tf.newaxis])[0] if length else tf.zeros([0, filters])
            rows.append(tf.pad(convolved, [[0, ids.shape[1] - length], [0, 0]]))
        expected = tf.stack(rows)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-6)
    variables = [embedding.embeddings, *layer.trainable_weights]
    by_look_ups, by_keras = (tape.gradient(out, variables, upstream) for out in (actual, expected))
    if any(lengths):
        for gradient, other in zip(by_look_ups, by_keras, strict=True):
            np.testing.assert_allclose(tf.convert_to_tensor(gradient), tf.convert_to_tensor(other), rtol=0, atol=1e-5)


def test_by_hand() -> None:
    conv = ConvConfig(filters=1, kernel_size=2, activation="linear")
    embedding, layer = layers(conv, dim=1)
    embedding.set_weights([np.array([[0], [1], [10], [0], [0], [0], [0]], np.float32)])
    layer.set_weights([np.array([[[3]], [[5]]], np.float32), np.array([7], np.float32)])
    with tf.GradientTape() as tape:
        out = word_texts(np.array([[1, 2, 1, 2]]), [3], embedding).convolve(conv, layer)
    # "same" with two taps looks at a position and the next: 3 * 1 + 5 * 10 + 7, 3 * 10 + 5 * 1 + 7, 3 * 1 + 7.
    np.testing.assert_array_equal(out, [[[60], [42], [10], [0]]])
    upstream = tf.constant([[[1.0], [100.0], [10_000.0], [1e6]]])  # the last position is padding
    by_words, by_kernel, by_bias = tape.gradient(out, [embedding.embeddings, *layer.trainable_weights], upstream)
    # Word 1 is seen at 0 (3), at 1 as next (500), at 2 (30,000); word 2 at 0 as next (5), at 1 (300).
    np.testing.assert_array_equal(tf.convert_to_tensor(by_words)[:3, 0], [0, 30_503, 305])
    # The first tap sees 1, 10 and 1; the second 10, 1 and nothing.
    np.testing.assert_array_equal(by_kernel[:, 0, 0], [1 + 1000 + 10_000, 10 + 100])
    np.testing.assert_array_equal(by_bias, [10_101])
