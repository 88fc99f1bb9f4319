"""ListNet's loss: the cross entropy between the labels and the scores of a group, both read as probabilities."""

from __future__ import annotations

import tensorflow as tf

from pairlens.training.batches import Batch

_NOTHING = -1e30  # the logit of a pair that takes no part; exp of it is 0


def listwise_loss(batch: Batch, logits: tf.Tensor) -> tf.Tensor:
    """The mean over all groups that have a positive of - sum over pairs i of w[i] target[i] ln p[i].

    The top-one probabilities of Cao et al. 2007, "Learning to Rank: From Pairwise Approach to Listwise Approach",
    equation 3, with the labels' shares of their sum as target instead of a softmax over the labels: a group's positives
    share it evenly, and its negatives have none. The weights w are not in the paper. They multiply each pair's term, as
    in other losses, and in the softmax p a pair of weight 2 counts as two.

    Args:
        batch: B pairs, whole groups.
        logits: [orders, B]
    """
    takes_part = batch.weight > 0.0
    weight = tf.where(takes_part, batch.weight, 1.0)
    shifted = tf.where(takes_part, logits + tf.math.log(weight), _NOTHING)  # [orders, B]
    of_group = tf.where(_same_group(batch), shifted[:, tf.newaxis, :], _NOTHING)  # [orders, B, B]
    log_p = shifted - tf.reduce_logsumexp(of_group, axis=2)  # [orders, B]
    label = tf.where(takes_part, batch.label, 0.0)
    target = tf.math.divide_no_nan(label, _sums_of_groups(batch, label))  # [B]
    orders = tf.cast(tf.shape(logits)[0], tf.float32)
    return -tf.reduce_sum(log_p * target * weight) / (tf.maximum(groups_with_positive(batch), 1.0) * orders)


def groups_with_positive(batch: Batch) -> tf.Tensor:
    """The number of groups that `listwise_loss` averages over."""
    first = tf.argmax(tf.cast(_same_group(batch), tf.int32), axis=1, output_type=tf.int32)  # [B], of a pair's group
    is_first = first == tf.range(tf.shape(first)[0])
    return tf.reduce_sum(tf.cast(is_first & (_sums_of_groups(batch, batch.label) > 0.0), tf.float32))


def _sums_of_groups(batch: Batch, of_pairs: tf.Tensor) -> tf.Tensor:
    """The sum of numbers [B] over the group of each pair, [B]."""
    return tf.linalg.matvec(tf.cast(_same_group(batch), tf.float32), of_pairs)


def _same_group(batch: Batch) -> tf.Tensor:
    """Whether two pairs are of one group, [B, B]."""
    return batch.group[:, tf.newaxis] == batch.group[tf.newaxis, :]
