"""One step of training: the loss of a batch, its gradient, and the optimizer's update."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from pairlens.config.keras import Adam
from pairlens.config.schema import Config
from pairlens.network.dropout import Dropout
from pairlens.network.encoder import Rows
from pairlens.network.network import Network
from pairlens.training.batches import Batch
from pairlens.training.embedding_rows import EmbeddingRows, adam_by_rows
from pairlens.training.losses import batch_loss, counted, loss_name
from pairlens.training.optimizers import make_optimizer, rows_once


def batches_to_apply(number: int, count: int, accumulate: int) -> int:
    """The number of batches whose gradients are applied after batch `number` of `count`; 0 to gather more first."""
    if number == count:
        return (number - 1) % accumulate + 1
    return accumulate if number % accumulate == 0 else 0


class TrainingStep:
    """The steps of a network's training, and the state that they change in addition to its weights."""

    def __init__(self, config: Config, network: Network) -> None:
        self._training = config.training
        self._loss = loss_name(config)
        self._network = network
        self.optimizer = make_optimizer(config.training.optimizer)
        self.optimizer.build(network.trainable_variables)
        gathers = config.training.accumulate > 1
        self._gradients = [tf.Variable(tf.zeros_like(v)) for v in network.trainable_variables if gathers]
        self._counted = tf.Variable(0.0)  # in the gradients gathered so far; see `counted`
        self._rows: EmbeddingRows | None = None
        if adam := adam_by_rows(config):
            embeddings = network.encoder.embedding.embeddings
            self._rows = EmbeddingRows(adam, embeddings, *self.optimizer.moments(embeddings))
        self._step: Callable[..., Any] | None = None  # made for the first batch

    def start(self, step: int) -> None:
        """Start from the current values of the variables, after `step` steps."""
        if self._rows is not None:
            self._rows.start(step)

    def collect(self) -> None:
        """Bring the network's variables and those of `state` up to date."""
        if self._rows is not None:
            self._rows.collect()

    def state(self) -> dict[str, tf.Variable]:
        """The variables that training changes in addition to the weights, by their names in a checkpoint."""
        optimizer = {f"optimizer/{i}": variable for i, variable in enumerate(self.optimizer.variables)}
        touched = {} if self._rows is None else {"touched": self._rows.touched}
        gathered = {f"gradients/{i}": variable for i, variable in enumerate(self._gradients)}
        return optimizer | touched | gathered | ({"counted": self._counted} if gathered else {})

    def __call__(self, batch: Batch, step: int, learning_rate: float, gathered: int) -> float:
        """Train on a batch after `step` steps, and return its loss; for `gathered` see `batches_to_apply`."""
        if self._step is None:
            signature = self._signature(batch.label.ndim)
            self._step = tf.function(self._train_step, input_signature=signature, autograph=False)
        if self._rows is None:
            return float(self._step(batch, step, learning_rate, gathered)[0])
        rows = self._rows.of_batch(batch)
        loss, gradient = self._step(batch, step, learning_rate, gathered, rows)
        self._rows.move(rows, gradient.numpy(), learning_rate)
        return float(loss)

    def _signature(self, label_axes: int) -> list[object]:
        """The types of `_train_step`'s arguments, so that one graph serves batches of any size."""
        ids, length, number = (tf.TensorSpec(shape, tf.int32) for shape in ([None, None], [None], [None]))
        matrix, vector = tf.TensorSpec([None, None], tf.float32), tf.TensorSpec([None], tf.float32)
        batch = Batch(ids, length, ids, length, matrix, vector if label_axes == 1 else matrix, vector, number)
        signature = [batch, tf.TensorSpec([], tf.int64), tf.TensorSpec([], tf.float32), tf.TensorSpec([], tf.int32)]
        if self._rows is not None:
            embeddings = tf.TensorSpec([None, self._network.config.embedding.output_dim], tf.float32)
            signature.append(Rows(tf.TensorSpec([None], tf.int64), embeddings, ids, ids))
        return signature

    def _train_step(
        self,
        batch: Batch,
        step: tf.Tensor,
        learning_rate: tf.Tensor,
        gathered: tf.Tensor,
        rows: Rows | None = None,
    ) -> tuple[tf.Tensor, tf.Tensor | None]:
        """Compute the loss of a batch and apply its gradient, or with `accumulate` the mean of `gathered` batches'.

        That mean equals the gradient of one large batch: each batch is weighted by its number of pairs.

        Returns:
            The loss, and the gradient of `rows.embeddings` if `rows` are given; it is not applied.
        """
        dropout = Dropout(self._training.seed, step)
        self.optimizer.learning_rate.assign(learning_rate)
        with tf.GradientTape() as tape:
            if rows:
                tape.watch(rows.embeddings)
            _, parts = self._network(*batch[:5], dropout=dropout, rows=rows)
            loss = batch_loss(self._loss, self._training.label_smoothing, batch, parts["logits"])
            total = tf.add_n([loss, *self._network.losses])  # with the regularizers
        embeddings = self._network.encoder.embedding.embeddings
        variables = [v for v in self._network.trainable_variables if rows is None or v is not embeddings]
        by_rows, gradients = tape.gradient(total, (rows.embeddings if rows else [], variables))
        # Dense unless lazy: for sparse gradients, Keras also updates every row of the moments, in many passes.
        lazy = isinstance(self._training.optimizer, Adam) and self._training.optimizer.lazy
        gradients = [rows_once(gradient) if lazy else tf.convert_to_tensor(gradient) for gradient in gradients]
        if self._training.accumulate == 1:
            self.optimizer.apply_gradients(zip(gradients, variables, strict=True))
            return loss, tf.convert_to_tensor(by_rows) if rows else None
        count = counted(self._loss, batch)
        self._counted.assign_add(count)
        for sum_, gradient in zip(self._gradients, gradients, strict=True):
            sum_.assign_add(count * gradient)
        tf.cond(gathered > 0, self._apply_gathered, lambda: None)
        return loss, None

    def _apply_gathered(self) -> None:
        means = [tf.math.divide_no_nan(gradient, self._counted) for gradient in self._gradients]
        self.optimizer.apply_gradients(zip(means, self._network.trainable_variables, strict=True))
        for gradient in self._gradients:
            gradient.assign(tf.zeros_like(gradient))
        self._counted.assign(0.0)
