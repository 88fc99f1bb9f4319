"""What the kernels that score must know of a model, as one record of numbers; scoring/plan.py fills it."""

from __future__ import annotations

import numpy as np

from pairlens.config.model import FEATURES, POOLINGS

PLAN = np.dtype(
    [
        # encode
        *((name, np.int64) for name in ("mask_zero", "kernel_size", "dilation", "left", "relu", "match", "own_key")),
        ("embedding_columns", np.int64),  # of an encoding, before those of the convolution; 0 without that view
        ("dim", np.int64),  # of the embedding
        ("encoded", np.int64),  # 1: the encodings are given
        # attention_scores: the arguments of tf_keras.layers.Attention
        *((name, np.int64) for name in ("dot", "causal", "both")),
        *((name, np.float32) for name in ("scale", "concat_score_weight", "temperature")),
        # features and poolings: the number of each among the model's, from 0; -1 for one that it does not have
        *((name, np.int64) for name in (*FEATURES, *POOLINGS)),
        *((name, np.int64) for name in ("features", "linear_features", "poolings")),  # how many there are
    ],
    align=True,
)
