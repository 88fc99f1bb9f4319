"""What TensorFlow may use of this machine: as many processors as this process, and no GPU."""

from __future__ import annotations

from contextlib import suppress

import tensorflow as tf

from pairlens.kernels.threads import processors


def use_processors_alone() -> None:
    """Call this before the first operation: what TensorFlow has begun to use stays in its use."""
    count = processors()
    with suppress(RuntimeError):  # it has begun
        tf.config.set_visible_devices([], "GPU")
        tf.config.threading.set_intra_op_parallelism_threads(count)
        tf.config.threading.set_inter_op_parallelism_threads(count)
