"""TensorFlow uses the processors that this process may use, and no GPU, from its first operation on."""

from __future__ import annotations

import subprocess
import sys

from running import run_to_end

# Devices must be chosen before TensorFlow is initialised, when its context gets a handle.
TRAIN = """
import sys, tempfile
from pathlib import Path
import numpy as np
import tensorflow as tf
from tensorflow.python.eager import context
from models import make_config
from pairlens.kernels.threads import use_processors
from pairlens.runs.run import Run
from pairlens.training.trainer import Trainer
began = []
hide = tf.config.set_visible_devices
def note(*arguments):
    began.append((context.context()._context_handle is not None, *arguments))
    hide(*arguments)
tf.config.set_visible_devices = note
use_processors(3)
config = make_config()
Trainer(config, Run.create(Path(tempfile.mkdtemp()) / "run", config, {}))
print(began[0], tf.config.threading.get_intra_op_parallelism_threads(), tf.config.get_visible_devices("GPU"))
"""


def test_training_sees_no_gpu_and_no_more_processors_than_it_may() -> None:
    path = [*sys.path]
    code = f"import sys; sys.path[:] = {path!r}\n{TRAIN}"
    done = run_to_end([sys.executable, "-c", code], check=True, stdout=subprocess.PIPE, text=True)
    assert done.stdout == "(False, [], 'GPU') 3 []\n"
