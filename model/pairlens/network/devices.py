"""Restrict TensorFlow to the processors that this process may use, without a GPU."""

from __future__ import annotations

from contextlib import suppress

import tensorflow as tf

from pairlens.errors import UsageError
from pairlens.kernels.threads import processors


def use_processors_alone() -> None:
    """Let TensorFlow use these processors and no GPU; without effect after its first operation."""
    count = processors()
    with suppress(RuntimeError):  # TensorFlow is already initialised
        tf.config.set_visible_devices([], "GPU")
        tf.config.threading.set_intra_op_parallelism_threads(count)
        tf.config.threading.set_inter_op_parallelism_threads(count)


def refuse_other_processors() -> None:
    """Raises UsageError if TensorFlow already uses another number of processors: it keeps the first it was told."""
    use_processors_alone()
    count, first = processors(), tf.config.threading.get_intra_op_parallelism_threads()
    if first not in (0, count):  # 0: it began before pairlens, with its own default
        raise UsageError(
            f"threads: TensorFlow uses {first} processors since the first training of this process, and not {count}; "
            f"give threads={first}, or train in a new process"
        )
