"""What training minimises: the loss of a batch, and how much each pair of it counts."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pairlens.config.schema import TASK_LOSSES, Config
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
        smoothing: the share of a label that is spread evenly over all classes.
        logits: [orders, B], or of a multiclass model [orders, B, classes].
    """
    label = tf.broadcast_to(batch.label, tf.shape(logits)[:2])  # [orders, B]
    if name == "pairwise":
        return pairwise_loss(batch, logits)
    if name == "cross_entropy" and len(logits.shape) == 3:
        classes = logits.shape[2]
        target = tf.one_hot(tf.cast(label, tf.int32), classes) * (1.0 - smoothing) + smoothing / classes
        losses = tf.nn.softmax_cross_entropy_with_logits(target, logits)
    elif name == "cross_entropy":
        target = label * (1.0 - smoothing) + smoothing / 2.0
        losses = tf.nn.sigmoid_cross_entropy_with_logits(target, logits)
    else:
        error = tf.abs(label - logits)
        losses = {
            "mse": lambda: tf.square(error),
            "mae": lambda: error,
            "huber": lambda: tf.where(error < 1.0, 0.5 * tf.square(error), error - 0.5),
        }[name]()
    return tf.reduce_mean(losses * batch.weight)


def pairwise_loss(batch: Batch, logits: tf.Tensor) -> tf.Tensor:
    """The mean of ln(1 + exp(negative - positive)) over the pairs of a group (RankNet, Burges et al. 2005)."""
    same_group = batch.group[:, tf.newaxis] == batch.group[tf.newaxis, :]
    weight = tf.cast(same_group & (batch.label[:, tf.newaxis] > batch.label[tf.newaxis, :]), tf.float32) * batch.weight
    difference = logits[:, :, tf.newaxis] - logits[:, tf.newaxis, :]  # [orders, B, B]
    return tf.reduce_sum(tf.nn.softplus(-difference) * weight) / (
        tf.maximum(tf.reduce_sum(weight), 1.0) * tf.cast(tf.shape(logits)[0], tf.float32)
    )


def pair_weights(config: Config, pairs: Pairs) -> NDArray[np.float32]:
    """How much each pair counts, float32 [pairs] of mean 1: its class's weight times its own.

    Raises:
        DataError: `class_weight` has another number of classes than the labels.
    """
    assert pairs.label is not None
    weight = np.ones(len(pairs)) if pairs.weight is None else pairs.weight.astype(np.float64)
    chosen = config.training.class_weight
    if chosen is not None:
        label = pairs.label.astype(np.int64)
        counts = np.bincount(label, minlength=config.model.classes or 2)
        of_class = len(label) / (len(counts) * np.maximum(counts, 1)) if chosen == "balanced" else np.array(chosen)
        if len(of_class) != len(counts):
            raise DataError(f"training.class_weight: {len(of_class)} weights; the labels have {len(counts)} classes")
        weight *= of_class[label]
    scaled: NDArray[np.float64] = weight / weight.mean()
    return scaled.astype(np.float32)
