"""What the compiled kernels must know of a model, as one record of numbers."""

from __future__ import annotations

import numpy as np

from pairlens.config.model import FEATURES, POOLINGS

SCORES, COMPARED, POOLED = range(3)  # tasks of the kernel `pairs`
PLAN = np.dtype(
    [
        # encode
        *((name, np.int64) for name in ("mask_zero", "kernel_size", "dilation", "left", "relu", "match", "own_key")),
        ("embedding_columns", np.int64),  # of an encoding, before those of the convolution; 0 without that view
        ("dim", np.int64),  # of the embedding
        ("encoded", np.int64),  # 1: the encodings are given
        # attend: the arguments of tf_keras.layers.Attention
        *((name, np.int64) for name in ("dot", "causal", "both")),
        *((name, np.float32) for name in ("scale", "concat_score_weight", "temperature")),
        # features and their pooling, in the order of the DNN's input
        *((name, np.int64) for name in (*FEATURES, *POOLINGS)),
    ],
    align=True,
)
