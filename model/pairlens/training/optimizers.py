"""The optimizers of a config: Keras's, except that Adam uses TensorFlow's fused operation for its step."""

from __future__ import annotations

import tensorflow as tf
import tf_keras

from pairlens.config.keras import Optimizer


class FusedAdam(tf_keras.optimizers.Adam):  # type: ignore[misc]
    """Keras's Adam, equal up to rounding, in one pass over each variable instead of a dozen."""

    def update_step(self, gradient: tf.Tensor | tf.IndexedSlices, variable: tf.Variable) -> None:
        """Kingma and Ba 2015, algorithm 1, with epsilon outside the bias correction, as in Keras.

        A gradient of some rows (each at most once) leaves the other rows and their moments unchanged: lazy Adam. Keras
        would also decay those moments and move those rows, which is most of a step's work. This is used with gradient
        clipping, which needs all gradients together; without it, embedding_rows.py updates the rows.
        """
        m, v = self.moments(variable)
        step = tf.cast(self.iterations + 1, variable.dtype)
        if isinstance(gradient, tf.IndexedSlices):
            self._update_rows(gradient, variable, m, v, step)
            return
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=m.handle,
            v=v.handle,
            beta1_power=self.beta_1**step,
            beta2_power=self.beta_2**step,
            lr=tf.cast(self.learning_rate, variable.dtype),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=gradient,
        )

    def moments(self, variable: tf.Variable) -> tuple[tf.Variable, tf.Variable]:
        """Adam's moments of a variable: the means of its gradients and of their squares."""
        index = self._index_dict[self._var_key(variable)]
        return self._momentums[index], self._velocities[index]

    def _update_rows(
        self, gradient: tf.IndexedSlices, variable: tf.Variable, m: tf.Variable, v: tf.Variable, step: tf.Tensor
    ) -> None:
        """Do one step for the rows of the gradient."""
        rows, g = gradient.indices, gradient.values
        m_rows = self.beta_1 * tf.gather(m, rows) + (1.0 - self.beta_1) * g
        v_rows = self.beta_2 * tf.gather(v, rows) + (1.0 - self.beta_2) * tf.square(g)
        m.scatter_update(tf.IndexedSlices(m_rows, rows))
        v.scatter_update(tf.IndexedSlices(v_rows, rows))
        correction = tf.sqrt(1.0 - self.beta_2**step) / (1.0 - self.beta_1**step)
        moved = tf.cast(self.learning_rate, g.dtype) * correction * m_rows / (tf.sqrt(v_rows) + self.epsilon)
        variable.scatter_sub(tf.IndexedSlices(moved, rows))


def rows_once(gradient: tf.Tensor | tf.IndexedSlices) -> tf.Tensor | tf.IndexedSlices:
    """Add up the entries of a sparse gradient that belong to the same row; return a dense gradient unchanged."""
    if not isinstance(gradient, tf.IndexedSlices):
        return gradient
    rows, index = tf.unique(gradient.indices)
    return tf.IndexedSlices(tf.math.unsorted_segment_sum(gradient.values, index, tf.size(rows)), rows)


def make_optimizer(optimizer: Optimizer) -> tf_keras.optimizers.Optimizer:
    """The Keras optimizer that the config describes."""
    arguments = optimizer.model_dump(exclude={"name", "lazy"}, exclude_none=True)
    kind = getattr(tf_keras.optimizers, type(optimizer).__name__)
    plain = not (arguments.get("amsgrad") or arguments.get("adaptive_epsilon"))
    return FusedAdam(**arguments) if optimizer.name == "adam" and plain else kind(**arguments)
