"""Print the pairs per second of one engine in steady state: after imports, loading, warm-up and reading the files.

python tests/benchmarks/engine_only.py pairlens|torch|onnx|keras RUN QUERY VALUE OUTPUT
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command `pairlens` sets it

import numpy as np
from padded import Floats, Texts, read_texts, score_texts, write_scores
from processes import THREADS

_WARM_UP = 2000  # pairs, of all lengths


def pairlens_engine(run_path: Path, query: Path, value: Path) -> Callable[[int], Floats]:
    """Return a function (step) -> scores of every step-th pair."""
    from pairlens.runs.run import Run
    from pairlens.scoring.scorer import Scorer
    from pairlens.texts.pairs import iter_pairs
    from pairlens.texts.splits import text_rules

    run = Run.open(run_path)
    config = run.config()
    scorer = Scorer(config, run.weights(config), THREADS)
    [(pairs, *_)] = iter_pairs(query, value, text_rules(config), chunk=sys.maxsize)

    def score(step: int) -> Floats:
        taken = pairs if step == 1 else pairs.take(np.arange(0, len(pairs), step))
        return scorer.score(taken.query, taken.value)

    return score


def peer_engine(engine: str, run: Path, query: Path, value: Path) -> Callable[[int], Floats]:
    """Return the same kind of function for a peer."""
    peer = import_module(f"peer_{engine}")
    if engine == "keras":
        peer.limit_threads()
    score_batch, padding = peer.load(run)
    sides = read_texts(query), read_texts(value)

    def score(step: int) -> Floats:
        taken = (Texts(side.ids, side.starts[::step], side.lengths[::step]) for side in sides)
        return score_texts(score_batch, *taken, padding, peer.TOKENS)

    return score


def main(engine: str, *paths: str) -> None:
    run, query, value, output = map(Path, paths)
    score = pairlens_engine(run, query, value) if engine == "pairlens" else peer_engine(engine, run, query, value)
    pairs = query.read_bytes().count(b"\n")
    score(max(1, pairs // _WARM_UP))
    began = time.perf_counter()
    scores = score(1)
    print(pairs / (time.perf_counter() - began))
    write_scores(output, scores)


if __name__ == "__main__":
    main(*sys.argv[1:])
