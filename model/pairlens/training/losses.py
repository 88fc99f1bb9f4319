"""The losses that training minimises."""

from __future__ import annotations

import tensorflow as tf

from pairlens.config.schema import Config
from pairlens.config.tasks import TASK_LOSSES
from pairlens.training.batches import Batch
from pairlens.training.listwise import groups_with_positive, listwise_loss


def loss_name(config: Config) -> str:
    """The name of the config's loss; `auto` is the first one of the task."""
    chosen = config.training.loss
    return TASK_LOSSES[config.task][0] if chosen == "auto" else chosen


def batch_loss(name: str, smoothing: float, batch: Batch, logits: tf.Tensor) -> tf.Tensor:
    """The weighted mean loss of a batch.

    Args:
        name: cross_entropy, mse, mae, huber, pairwise or listwise.
        smoothing: the share of a label that is spread evenly over all classes, with cross_entropy.
        logits: [orders, B], or of a multiclass model [orders, B, classes].
    """
    if name == "pairwise":
        return pairwise_loss(batch, logits)
    if name == "listwise":
        return listwise_loss(batch, logits)
    label = tf.broadcast_to(batch.label, tf.shape(logits)[: 1 + len(batch.label.shape)])  # [orders, B] or as logits
    losses = _cross_entropy(label, logits, smoothing) if name == "cross_entropy" else _error(name, label, logits)
    return tf.reduce_mean(losses * batch.weight)


def counted(name: str, batch: Batch) -> tf.Tensor:
    """The number of items that `batch_loss` averages over: pairs, comparisons if it is pairwise, groups if listwise."""
    if name == "pairwise":
        return tf.reduce_sum(_comparisons(batch))
    if name == "listwise":
        return groups_with_positive(batch)
    return tf.cast(tf.shape(batch.label)[0], tf.float32)


def _cross_entropy(label: tf.Tensor, logits: tf.Tensor, smoothing: float) -> tf.Tensor:
    """[orders, B]"""
    if len(logits.shape) == 2:
        return tf.nn.sigmoid_cross_entropy_with_logits(label * (1.0 - smoothing) + smoothing / 2.0, logits)
    classes = logits.shape[2]
    share = label if len(label.shape) == 3 else tf.one_hot(tf.cast(label, tf.int32), classes)
    return tf.nn.softmax_cross_entropy_with_logits(share * (1.0 - smoothing) + smoothing / classes, logits)


def _error(name: str, label: tf.Tensor, grade: tf.Tensor) -> tf.Tensor:
    """[orders, B]"""
    error = tf.abs(label - grade)
    if name == "mse":
        return tf.square(error)
    if name == "mae":
        return error
    return tf.where(error < 1.0, 0.5 * tf.square(error), error - 0.5)  # huber


def pairwise_loss(batch: Batch, logits: tf.Tensor) -> tf.Tensor:
    """The mean of ln(1 + exp(lower - higher)) over all comparisons of a higher and a lower label in a group, each times
    the difference of their labels, which is 1 unless they are probabilities, and the product of their weights (RankNet,
    Burges et al. 2005, which has neither)."""
    higher_by = tf.nn.relu(batch.label[:, tf.newaxis] - batch.label[tf.newaxis, :])
    compared = _comparisons(batch)
    weight = compared * higher_by * batch.weight[:, tf.newaxis] * batch.weight[tf.newaxis, :]
    difference = logits[:, :, tf.newaxis] - logits[:, tf.newaxis, :]  # [orders, B, B]
    orders = tf.cast(tf.shape(logits)[0], tf.float32)
    return tf.reduce_sum(tf.nn.softplus(-difference) * weight) / (tf.maximum(tf.reduce_sum(compared), 1.0) * orders)


def _comparisons(batch: Batch) -> tf.Tensor:
    """1 for each comparison in [B, B], at the row of the higher label and the column of the lower; else 0."""
    same_group = batch.group[:, tf.newaxis] == batch.group[tf.newaxis, :]
    higher = batch.label[:, tf.newaxis] > batch.label[tf.newaxis, :]
    return tf.cast(same_group & higher, tf.float32)
