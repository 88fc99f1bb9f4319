"""The network in ONNX Runtime, from the file that export_onnx.py writes.

python tests/benchmarks/peer_onnx.py RUN QUERY VALUE OUTPUT
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnxruntime
from padded import Floats, ScoreBatch, read_model, read_texts, score_texts, write_scores

TOKENS = 1024  # per batch: the fastest of 1024 to 16384


def load(run: Path) -> tuple[ScoreBatch, int]:
    """Return a function that scores a padded batch on one thread, and the padding id."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(f"{run}.onnx", options, providers=["CPUExecutionProvider"])

    def score(query: np.ndarray, value: np.ndarray) -> Floats:
        return session.run(None, {"query": query, "value": value})[0]

    return score, read_model(run)["embedding"]["input_dim"]


def score_files(run: Path, query: Path, value: Path, output: Path) -> None:
    score, padding = load(run)
    write_scores(output, score_texts(score, read_texts(query), read_texts(value), padding, TOKENS))


if __name__ == "__main__":
    score_files(*map(Path, sys.argv[1:]))
