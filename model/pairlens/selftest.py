"""Checks an installation by training and scoring made-up pairs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pairlens.config.schema import Config
from pairlens.errors import UsageError
from pairlens.files import whole_file
from pairlens.packages import need
from pairlens.runs.locks import locked
from pairlens.runs.names import WEIGHTS
from pairlens.runs.run import Run
from pairlens.scoring.scorer import Scorer
from pairlens.texts.pairs import Pairs
from pairlens.texts.texts import Texts
from pairlens.training.events import Evaluation, Event

_TOLERANCE = 1e-5
_INPUT_DIM = 50


@dataclass(frozen=True, slots=True)
class Check:
    """The result of a check; `detail` is what was measured, or what went wrong."""

    name: str
    passed: bool
    seconds: float
    detail: str


def check_all(folder: Path) -> Iterator[Check]:
    """Run all checks, and yield each result as soon as it is known; a failed check does not stop the others.

    Args:
        folder: an empty directory to work in.

    Raises:
        UsageError: a package that trains is not installed.
    """
    need("training", "tensorflow", "tf-keras")
    for name, check in CHECKS.items():
        began = time.perf_counter()
        try:
            passed, detail = True, check(folder)
        except _Failure as failure:
            passed, detail = False, str(failure)
        except Exception as error:  # a broken installation can raise anything
            passed, detail = False, f"{type(error).__name__}: {error}"
        yield Check(name, passed, time.perf_counter() - began, detail)


class _Failure(Exception):  # noqa: N818  (a finding, not an error in the check)
    pass


def _expect(condition: bool, message: str) -> None:
    if not condition:
        raise _Failure(message)


# ---- the checks: each returns what it measured, or raises ------------------------------------------------------------


def _trains(folder: Path) -> str:
    from pairlens.training.trainer import Trainer

    losses: list[float] = []

    def listen(event: Event) -> None:
        if isinstance(event, Evaluation):
            losses.append(event.loss)

    config = _config()
    run = Run.create(folder / "run", config, {})
    metrics = Trainer(config, run).fit(_pairs(320, 1), _pairs(100, 2), listen) or {}
    _expect(losses[-1] < losses[0], f"the loss went from {losses[0]:.4f} to {losses[-1]:.4f}")
    return f"loss from {losses[0]:.3f} to {losses[-1]:.3f}, dev accuracy {metrics['accuracy']:.2f}"


def _scores_as_keras(folder: Path) -> str:
    from pairlens.network.network import build_network
    from pairlens.texts.overlap import overlap_features
    from pairlens.training.batches import pad

    config, weights, pairs = _config(), Run(folder / "run").weights(_config()), _pairs(100, 3)
    network, everything = build_network(config), np.arange(len(pairs))
    network.assign(weights)
    overlap = overlap_features(pairs.query, pairs.value, weights["tokens/idf"])
    expected = network(*pad(pairs.query, everything), *pad(pairs.value, everything), overlap)[0].numpy()
    return _close(Scorer(config, weights).score(pairs.query, pairs.value), expected)


def _scores_any_batch_alike(folder: Path) -> str:
    config, weights, pairs = _config(), Run(folder / "run").weights(_config()), _pairs(300, 4)
    together = Scorer(config, weights).score(pairs.query, pairs.value)
    queries, values = list(pairs.query), list(pairs.value)
    one_thread = Scorer(config, weights, threads=1)
    alone = np.concatenate([one_thread.score([q], [v]) for q, v in zip(queries[:50], values[:50], strict=True)])
    with_long = one_thread.score([*queries, [1] * 500], [*values, [2] * 500])[:-1]
    backwards = Scorer(config, weights, threads=4).score(queries[::-1], values[::-1])[::-1]
    _close(alone, together[:50])
    _close(with_long, together)
    return _close(backwards, together)


def _resumes(folder: Path) -> str:
    """Stop after 8 of the 10 steps of the second epoch, and resume."""
    from pairlens.training.trainer import Trainer

    config, steps = _config(), count(-18)
    run = Run.create(folder / "stopped", config, {})
    data = _pairs(320, 1), _pairs(100, 2)
    metrics = Trainer(config, run).fit(*data, lambda _: None, stop=lambda: next(steps) >= 0)
    _expect(metrics is None, "training did not stop when asked to")
    trainer = Trainer(config, run)
    epoch, batch = trainer.progress.epoch + 1, trainer.progress.batch
    trainer.fit(*data, lambda _: None)
    same = (run.path / WEIGHTS).read_bytes() == (folder / "run" / WEIGHTS).read_bytes()
    _expect(same, "the weights differ from those of a training that was not stopped")
    return f"stopped in epoch {epoch} after step {batch}: bit-identical weights"


def _locks(folder: Path) -> str:
    with locked(folder / "locked"):
        try:
            with locked(folder / "locked"):
                pass
        except UsageError:
            return "a second training is refused"
    raise _Failure("this file system has no locks: two trainings in one run directory would not notice each other")


def _writes_whole_files(folder: Path) -> str:
    path = folder / "file"
    path.write_text("old", newline="\n")
    try:
        with whole_file(path) as file:
            file.write("half of the n")
            raise _Failure
    except _Failure:
        _expect(path.read_text() == "old", "a file that was not finished replaced the old one")
    with whole_file(path) as file:
        file.write("new")
    _expect(path.read_text() == "new", "a finished file did not replace the old one")
    leftovers = [other.name for other in folder.glob(".file*")]
    _expect(not leftovers, f"left behind: {', '.join(leftovers)}")
    return "replaced by rename, nothing left behind"


CHECKS: dict[str, Callable[[Path], str]] = {
    "training": _trains,
    "scores as tf-keras": _scores_as_keras,
    "padding, order, threads": _scores_any_batch_alike,
    "resume": _resumes,
    "locks": _locks,
    "whole files": _writes_whole_files,
}


# ---- the made-up data ------------------------------------------------------------------------------------------------


def _config() -> Config:
    """A small network with most of the options."""
    model = {
        "embedding": {
            "input_dim": _INPUT_DIM,
            "output_dim": 8,
            "dropout": 0.1,
            "match_channels": True,
            "embeddings_initializer": {"name": "normal", "stddev": 1.0},
        },
        "conv": {"filters": 8, "kernel_size": 3},
        "attention": {"direction": "both", "use_scale": True, "dropout": 0.1},
        "features": ["encoding", "attention", "absolute_difference", "product"],
        "pooling": ["average", "max"],
        "overlap": True,
        "wide": True,
        "dnn": {"units": 16, "dropout": 0.1},
    }
    training = {
        "epochs": 4,
        "batch_size": 32,
        "optimizer": {"name": "adam", "learning_rate": 0.01},
        "early_stopping": None,
    }
    return Config.model_validate({"data": {"train": "made-up"}, "model": model, "training": training})


def _pairs(pairs: int, seed: int) -> Pairs:
    """Random texts of 1 to 20 tokens; with label 1 the value has the tokens of the query in another order."""
    random = np.random.default_rng(seed)
    queries, others = (
        [random.integers(0, _INPUT_DIM, random.integers(1, 21)) for _ in range(pairs)] for _side in range(2)
    )
    label = random.integers(0, 2, pairs)
    values = [random.permutation(q) if same else o for q, o, same in zip(queries, others, label, strict=True)]
    return Pairs(Texts.from_lists(queries), Texts.from_lists(values), label.astype(np.float32))


def _close(scores: NDArray[np.float32], expected: NDArray[np.float32]) -> str:
    difference = float(np.abs(scores - expected).max())
    _expect(difference <= _TOLERANCE, f"scores differ by {difference:.1e}, more than {_TOLERANCE:.0e}")
    return f"within {difference:.0e} of each other"
