"""The overlap features of texts/overlap.py in TensorFlow, from padded ids."""

from __future__ import annotations

import tensorflow as tf


def overlap_features(
    query: tf.Tensor, query_length: tf.Tensor, value: tf.Tensor, value_length: tf.Tensor, idf: tf.Tensor
) -> tf.Tensor:
    """The features of every pair, float32 [B, 15]; padding counts for nothing. Sums are in float64, as in the kernel.

    Args:
        query, value: int32 ids [B, Tq] and [B, Tv], at least one column; padding may be any ids of the vocabulary.
        query_length, value_length: int32 [B].
        idf: float32 [input_dim].
    """
    query_inside, value_inside = inside(query, query_length), inside(value, value_length)
    same = _same(query, query_inside, value, value_inside)  # [B, Tq, Tv]
    q = _Text(query, query_inside, tf.reduce_any(same, axis=2), idf)
    v = _Text(value, value_inside, tf.reduce_any(same, axis=1), idf)
    pairs = _bigrams(same)  # [B, Tq - 1, Tv - 1]
    query_bigrams, query_common = q.count_bigrams(tf.reduce_any(pairs, axis=2))
    value_bigrams, value_common = v.count_bigrams(tf.reduce_any(pairs, axis=1))
    ln_Tq, ln_Tv = (tf.math.log(_float(tf.maximum(length, 1))) for length in (query_length, value_length))
    features = [
        _ratio(q.common, q.common + q.other),
        _ratio(v.common, v.common + v.other),
        _ratio(q.common, q.common + q.other + v.other),
        _ratio(q.common_weight, q.common_weight + q.other_weight),
        _ratio(v.common_weight, v.common_weight + v.other_weight),
        _ratio(q.common_weight, q.common_weight + q.other_weight + v.other_weight),
        tf.math.log(1.0 + q.common_weight),
        tf.math.log(1.0 + q.other_weight),
        tf.math.log(1.0 + v.other_weight),
        _ratio(query_common, query_bigrams),
        _ratio(value_common, value_bigrams),
        ln_Tq,
        ln_Tv,
        ln_Tq - ln_Tv,
        _equal(same, query_length, value_length),
    ]
    return tf.cast(tf.stack(features, axis=1), tf.float32)


def inside(ids: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
    """True at the tokens of a text, bool [B, T]; False at its padding."""
    return tf.range(tf.shape(ids)[1])[tf.newaxis] < length[:, tf.newaxis]


class _Text:
    """The distinct tokens of one side's texts.

    Attributes:
        common, other: how many occur in the other text of their pair, and how many do not, float64 [B].
        common_weight, other_weight: their total idf, float64 [B].
    """

    def __init__(self, ids: tf.Tensor, is_inside: tf.Tensor, matched: tf.Tensor, idf: tf.Tensor) -> None:
        self._inside = is_inside
        self._within = _same(ids, is_inside, ids, is_inside)  # [B, T, T]
        weight = tf.cast(tf.gather(idf, ids), tf.float64)
        first = is_inside & ~_occurred(self._within)
        common, other = _float(first & matched), _float(first & ~matched)
        self.common, self.other = tf.reduce_sum(common, axis=1), tf.reduce_sum(other, axis=1)
        self.common_weight = tf.reduce_sum(common * weight, axis=1)
        self.other_weight = tf.reduce_sum(other * weight, axis=1)

    def count_bigrams(self, matched: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The number of distinct bigrams, and how many of them match, float64 [B]; `matched` is bool [B, T - 1]."""
        first = self._inside[:, 1:] & ~_occurred(_bigrams(self._within))
        return tf.reduce_sum(_float(first), axis=1), tf.reduce_sum(_float(first & matched), axis=1)


def _same(ids: tf.Tensor, is_inside: tf.Tensor, other: tf.Tensor, other_inside: tf.Tensor) -> tf.Tensor:
    """Where tokens are the same, bool [B, T, To]."""
    both_inside = is_inside[:, :, tf.newaxis] & other_inside[:, tf.newaxis, :]
    return tf.equal(ids[:, :, tf.newaxis], other[:, tf.newaxis, :]) & both_inside


def _bigrams(same: tf.Tensor) -> tf.Tensor:
    """Where bigrams are the same, bool [B, T - 1, To - 1]."""
    return same[:, :-1, :-1] & same[:, 1:, 1:]


def _occurred(within: tf.Tensor) -> tf.Tensor:
    """What occurred earlier in its text, bool [B, T], from where a text is the same as itself, [B, T, T]."""
    position = tf.range(tf.shape(within)[1])
    return tf.reduce_any(within & (position[tf.newaxis, :] < position[:, tf.newaxis]), axis=2)


def _equal(same: tf.Tensor, query_length: tf.Tensor, value_length: tf.Tensor) -> tf.Tensor:
    """1 if the texts are equal, else 0, float64 [B]."""
    Tq, Tv = tf.shape(same)[1], tf.shape(same)[2]
    diagonal = same & (tf.range(Tq)[:, tf.newaxis] == tf.range(Tv)[tf.newaxis, :])
    agreeing = tf.reduce_sum(tf.cast(diagonal, tf.int32), axis=[1, 2])
    return _float((query_length == value_length) & (agreeing == query_length))


def _ratio(part: tf.Tensor, whole: tf.Tensor) -> tf.Tensor:
    """part / whole, 0 where whole is 0."""
    return tf.where(whole > 0, part / tf.where(whole > 0, whole, 1.0), tf.zeros_like(part))


def _float(x: tf.Tensor) -> tf.Tensor:
    return tf.cast(x, tf.float64)
