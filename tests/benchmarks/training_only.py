"""Print the pairs per second of one engine's training, including batching; the first epoch is the warm-up.

python tests/benchmarks/training_only.py pairlens|torch|keras RUN QUERY VALUE
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from statistics import median

import numpy as np
from padded import Floats, read_texts

BATCH = 256
_EPOCHS = 4


def train_pairlens(run: Path, query: Path, value: Path, label: Floats) -> Iterator[float]:
    """Yield the pairs per second of each epoch."""
    from pairlens.runs.run import Run
    from pairlens.texts.pairs import Pairs, iter_pairs
    from pairlens.texts.splits import text_rules
    from pairlens.training.events import Evaluation, Step
    from pairlens.training.trainer import Trainer

    config = Run.open(run).config()
    [(pairs, *_)] = iter_pairs(query, value, text_rules(config), chunk=sys.maxsize)
    training = config.training.model_copy(update={"epochs": _EPOCHS, "batch_size": BATCH})
    config = config.model_copy(update={"training": training})
    rates: list[float] = []

    def listen(event: Step | Evaluation) -> None:
        if isinstance(event, Evaluation):
            rates.append(event.pairs_per_second)

    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(config, Run.create(Path(folder) / "run", config, environment={}))
        trainer.fit(Pairs(pairs.query, pairs.value, label), None, listen)
    yield from rates


def main(engine: str, *paths: str) -> None:
    run, query, value = map(Path, paths)
    pairs = query.read_bytes().count(b"\n")
    label = np.random.default_rng(1).integers(0, 2, pairs).astype(np.float32)
    if engine == "pairlens":
        rates = train_pairlens(run, query, value, label)
    else:
        peer = import_module(f"peer_{engine}")
        if engine == "keras":
            peer.limit_threads()
        rates = peer.train(run, read_texts(query), read_texts(value), label, BATCH, _EPOCHS)
    print(median(list(rates)[1:]))


if __name__ == "__main__":
    main(*sys.argv[1:])
