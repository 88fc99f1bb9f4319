"""The optimizers of a config: Keras's, with Adam's step as the one fused operation that TensorFlow has for it."""

from __future__ import annotations

import tensorflow as tf
import tf_keras

from pairlens.config_keras import Optimizer


class FusedAdam(tf_keras.optimizers.Adam):  # type: ignore[misc]
    """Keras's Adam, its numbers to rounding, in one pass over each variable instead of a dozen."""

    def update_step(self, gradient: tf.Tensor, variable: tf.Variable) -> None:
        """Kingma and Ba 2015, algorithm 1, with epsilon outside the bias correction, as in Keras."""
        index = self._index_dict[self._var_key(variable)]
        step = tf.cast(self.iterations + 1, variable.dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].handle,
            v=self._velocities[index].handle,
            beta1_power=self.beta_1**step,
            beta2_power=self.beta_2**step,
            lr=tf.cast(self.learning_rate, variable.dtype),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=gradient,
        )


def make_optimizer(optimizer: Optimizer) -> tf_keras.optimizers.Optimizer:
    """The Keras optimizer of that name with these arguments."""
    arguments = optimizer.model_dump(exclude={"name"}, exclude_none=True)
    kind = getattr(tf_keras.optimizers, type(optimizer).__name__)
    plain = not (arguments.get("amsgrad") or arguments.get("adaptive_epsilon"))
    return FusedAdam(**arguments) if optimizer.name == "adam" and plain else kind(**arguments)
