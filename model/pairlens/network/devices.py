"""Restrict TensorFlow to the processors that this process may use, without a GPU."""

from __future__ import annotations

from contextlib import suppress

import tensorflow as tf

from pairlens.kernels.threads import processors


def use_processors_alone() -> None:
    """Let TensorFlow use these processors and no GPU; without effect after its first operation."""
    count = processors()
    with suppress(RuntimeError):  # TensorFlow is already initialised
        tf.config.set_visible_devices([], "GPU")
        tf.config.threading.set_intra_op_parallelism_threads(count)
        tf.config.threading.set_inter_op_parallelism_threads(count)
