"""The type of a plan: one record of numbers that describes a model to the kernels; scoring/plan.py fills it."""

from __future__ import annotations

import numpy as np

from pairlens.config.model import FEATURES, POOLINGS

PLAN = np.dtype(
    [
        # encode
        *((name, np.int64) for name in ("mask_zero", "kernel_size", "dilation", "left", "relu", "match", "own_key")),
        ("embedding_columns", np.int64),  # of an encoding, before the convolution's; 0 without that view
        ("dim", np.int64),  # of the embedding
        ("encoded", np.int64),  # 1 if the encodings are passed in
        # attention_scores: the arguments of tf_keras.layers.Attention
        *((name, np.int64) for name in ("dot", "causal", "both")),
        *((name, np.float32) for name in ("scale", "concat_score_weight", "temperature")),
        # features and poolings: the index of each in the model's list, from 0; -1 if the model does not use it
        *((name, np.int64) for name in (*FEATURES, *POOLINGS)),
        *((name, np.int64) for name in ("features", "linear_features", "poolings")),  # their counts
    ],
    align=True,
)
