"""Searches whose trainings are a formula, for tests of what is tried and kept; worker processes import this, too."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from made_runs import write_split

from pairlens.config.file import load_config, written_text
from pairlens.config.schema import Config
from pairlens.errors import DivergedError, UsageError
from pairlens.jobs.training import Listener
from pairlens.jobs.tune.fitting import own_values
from pairlens.jobs.tune.folder import Folder
from pairlens.jobs.tune.record import Trial
from pairlens.jobs.tune.search import Search
from pairlens.jobs.tune.space_file import parse_space
from pairlens.jobs.tune.trial import Report, Stop, Trained
from pairlens.runs.names import WEIGHTS

CONFIG = """\
data: {train: train, dev: dev}
model: {embedding: {input_dim: 29}}
training: {epochs: 6, optimizer: {learning_rate: 0.001}}
"""
SPACE = """\
training.optimizer.learning_rate: {low: 1e-4, high: 1e-2, log: true}
training.batch_size: [16, 64, 256]
model.dnn.units: [[32], [32, 32]]
"""


def train(config: Config, run: Path, command: Sequence[str], shown: Listener, report: Report, stop: Stop) -> Trained:
    """A "training" whose accuracy is best at a learning rate of 0.002 and rises from epoch to epoch."""
    assert config.data.test is None
    run.mkdir()
    (run / WEIGHTS).write_text(f"{config.training.optimizer.learning_rate:g}")
    value = 1.0 - abs(config.training.optimizer.learning_rate - 0.002) * 50
    for epoch in range(1, config.training.epochs + 1):
        if stop():
            return Trained(None, epoch)
        report(epoch, value * (0.7 + 0.05 * epoch))
    return Trained({"accuracy": value, "log_loss": 1 - value}, 10)


def refuse(config: Config, run: Path, command: Sequence[str], shown: Listener, report: Report, stop: Stop) -> Trained:
    """The same, but large batches do not fit into memory, and at a high learning rate the loss is not finite."""
    if config.training.batch_size == 256:
        raise UsageError("training takes about 900 GB of memory")
    if config.training.optimizer.learning_rate > 0.004:
        raise DivergedError("the loss became nan")
    return train(config, run, command, shown, report, stop)


def dies_in_large_batches(
    config: Config, run: Path, command: Sequence[str], shown: Listener, report: Report, stop: Stop
) -> Trained:
    """The same, but large batches take more memory than there is, and the system kills the process."""
    if config.training.batch_size == 256:
        os.kill(os.getpid(), signal.SIGKILL)
    return train(config, run, command, shown, report, stop)


def signalled(
    config: Config, run: Path, command: Sequence[str], shown: Listener, report: Report, stop: Stop
) -> Trained:
    """The same, in a process that is told to end when it begins."""
    os.kill(os.getpid(), signal.SIGTERM)
    return train(config, run, command, shown, report, stop)


def make_search(folder: Path, space: str = SPACE, config: str = CONFIG, **changes: Any) -> Search:
    """A search in `folder`/tuned, begun or continued."""
    file = folder / "config.yaml"
    file.write_text(config)
    for name in ("train", "dev"):
        write_split(folder / name, query=[1], value=[2], label=[1])

    def load(made: Sequence[str]) -> Config:
        return load_config(file, made)

    tuned, parsed = Folder(folder / "tuned"), parse_space(space, "space.yaml")
    tuned.path.mkdir(exist_ok=True)
    tuned.begin(load([]), written_text(file), parsed, {}, "resume")
    return Search(tuned, load([]), parsed, own_values(parsed, load), (), 1, **{"train": train, **changes})


def stops_after(count: int) -> Callable[[], bool]:
    """A `stop` that returns True after so many calls."""
    calls = iter(range(count + 1))
    return lambda: next(calls, count) >= count


def essence(trials: Sequence[Trial]) -> list[tuple[Any, ...]]:
    """What of trials does not depend on when, and at which attempt, they were done."""
    return [(one.number, one.state, one.value, one.values) for one in trials]
