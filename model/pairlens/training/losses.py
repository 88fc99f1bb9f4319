"""What training minimises: the loss of a batch, and how much each pair of it counts."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pairlens.config.schema import Config
from pairlens.config.tasks import TASK_LOSSES
from pairlens.errors import DataError
from pairlens.texts.pairs import Pairs
from pairlens.training.batches import Batch


def loss_name(config: Config) -> str:
    """The config's loss: what it says, or the first of its task."""
    chosen = config.training.loss
    return TASK_LOSSES[config.task][0] if chosen == "auto" else chosen


def batch_loss(name: str, smoothing: float, batch: Batch, logits: tf.Tensor) -> tf.Tensor:
    """The weighted mean loss of a batch.

    Args:
        name: cross_entropy, mse, mae, huber or pairwise.
        smoothing: the share of a label that is spread evenly over all classes, with cross_entropy.
        logits: [orders, B], or of a multiclass model [orders, B, classes].
    """
    if name == "pairwise":
        return pairwise_loss(batch, logits)
    label = tf.broadcast_to(batch.label, tf.shape(logits)[:2])  # [orders, B]
    losses = _cross_entropy(label, logits, smoothing) if name == "cross_entropy" else _error(name, label, logits)
    return tf.reduce_mean(losses * batch.weight)


def counted(name: str, batch: Batch) -> tf.Tensor:
    """Of how much `batch_loss` is the mean: pairs, or with pairwise the summed weight of the comparisons."""
    if name == "pairwise":
        return tf.reduce_sum(_comparisons(batch))
    return tf.cast(tf.shape(batch.label)[0], tf.float32)


def _cross_entropy(label: tf.Tensor, logits: tf.Tensor, smoothing: float) -> tf.Tensor:
    """[orders, B]"""
    if len(logits.shape) == 2:
        return tf.nn.sigmoid_cross_entropy_with_logits(label * (1.0 - smoothing) + smoothing / 2.0, logits)
    classes = logits.shape[2]
    target = tf.one_hot(tf.cast(label, tf.int32), classes) * (1.0 - smoothing) + smoothing / classes
    return tf.nn.softmax_cross_entropy_with_logits(target, logits)


def _error(name: str, label: tf.Tensor, grade: tf.Tensor) -> tf.Tensor:
    """[orders, B]"""
    error = tf.abs(label - grade)
    if name == "mse":
        return tf.square(error)
    if name == "mae":
        return error
    return tf.where(error < 1.0, 0.5 * tf.square(error), error - 0.5)  # huber


def pairwise_loss(batch: Batch, logits: tf.Tensor) -> tf.Tensor:
    """The mean of ln(1 + exp(negative - positive)) over every positive and negative of a group, which count as much as
    the negative's weight (RankNet, Burges et al. 2005)."""
    weight = _comparisons(batch)
    difference = logits[:, :, tf.newaxis] - logits[:, tf.newaxis, :]  # [orders, B, B]
    orders = tf.cast(tf.shape(logits)[0], tf.float32)
    return tf.reduce_sum(tf.nn.softplus(-difference) * weight) / (tf.maximum(tf.reduce_sum(weight), 1.0) * orders)


def _comparisons(batch: Batch) -> tf.Tensor:
    """How much each comparison counts [B, B], a positive's row and a negative's column."""
    same_group = batch.group[:, tf.newaxis] == batch.group[tf.newaxis, :]
    higher = batch.label[:, tf.newaxis] > batch.label[tf.newaxis, :]
    return tf.cast(same_group & higher, tf.float32) * batch.weight


def pair_weights(config: Config, pairs: Pairs) -> NDArray[np.float32]:
    """How much each pair counts, float32 [pairs] of mean 1: its class's weight times its own.

    Raises:
        DataError: `class_weight` has another number of classes than the labels.
    """
    assert pairs.label is not None
    weight = np.ones(len(pairs)) if pairs.weight is None else pairs.weight.astype(np.float64)
    if config.training.class_weight is not None:
        weight *= _class_weights(config, pairs.label.astype(np.int64))
    scaled: NDArray[np.float64] = weight / weight.mean()
    return scaled.astype(np.float32)


def _class_weights(config: Config, label: NDArray[np.int64]) -> NDArray[np.float64]:
    """The weight of each pair's class [pairs]; balanced, all classes count the same together."""
    chosen = config.training.class_weight
    counts = np.bincount(label, minlength=config.model.classes or 2)
    of_class = len(label) / (len(counts) * np.maximum(counts, 1)) if chosen == "balanced" else np.array(chosen)
    if len(of_class) != len(counts):
        raise DataError(f"training.class_weight: {len(of_class)} weights; the labels have {len(counts)} classes")
    weights: NDArray[np.float64] = of_class[label]
    return weights
