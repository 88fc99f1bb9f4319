"""TensorBoard's files: every step once and in order however training was interrupted, and the same weights.

TensorFlow's own reader reads them, which checks the checksums of every record.
"""

from __future__ import annotations

import math
import os
import shutil
import signal
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
from command_line import PAIRLENS, make_project, pairlens, plain_environment
from running import running, wait_for
from tensorboardX.proto.plugin_hparams_pb2 import HParamsPluginData

from pairlens.config.file import load_config
from pairlens.config.schema import Config
from pairlens.errors import UsageError
from pairlens.jobs.tensorboard import TensorBoard
from pairlens.jobs.train_job import TrainJob
from pairlens.runs.event_files import events_of
from pairlens.runs.run import Run
from pairlens.training.events import Evaluation, Event, Finished, Step

STEPS, EPOCHS = 10, 2
CHANGES = [f"training.epochs={EPOCHS}", "training.checkpoint.every_steps=4"]


class KilledError(Exception):
    """Stands for kill -9: nothing is written after it that the process would not have written."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tensorboard")
    make_project(folder)
    return folder


@pytest.fixture(scope="module")
def config(project: Path) -> Config:
    return load_config(project / "config.yaml", CHANGES)


@pytest.fixture(scope="module")
def straight(config: Config, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that was trained without TensorBoard and never stopped."""
    path = tmp_path_factory.mktemp("straight") / "run"
    assert TrainJob(config, path).read().train() is not None
    return Run(path)


def train(config: Config, path: Path, dies_at: tuple[type[Event], int] | None = None, existing: Any = "resume") -> Run:
    """Train with TensorBoard; perhaps die after the n-th event of a kind is written."""
    seen = 0

    def die(event: Event) -> None:
        nonlocal seen
        if dies_at and isinstance(event, dies_at[0]):
            seen += 1
            if seen == dies_at[1]:
                raise KilledError

    TrainJob(config, path, existing).read(callbacks=[TensorBoard(), die]).train()
    return Run(path)


@pytest.fixture(scope="module")
def run(config: Config, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that was trained with TensorBoard."""
    return train(config, tmp_path_factory.mktemp("watched") / "run", existing="refuse")


def files(run: Path) -> list[Path]:
    return sorted((run / "tensorboard").iterdir())


def read(run: Path) -> Iterator[tuple[int, Any]]:
    """The step and each value of all files, in the order in which TensorBoard reads them."""
    for path in files(run):
        for event in tf.compat.v1.train.summary_iterator(str(path)):
            for value in event.summary.value:
                yield event.step, value


def steps_by_tag(run: Path) -> dict[str, list[int]]:
    found = defaultdict(list)
    for step, value in read(run):
        found[value.tag].append(step)
    return found


def check(run: Path) -> None:
    """Every step and every epoch is there once, in order."""
    steps, last = steps_by_tag(run), EPOCHS * STEPS
    for name in ("loss", "learning_rate", "pairs_per_second"):
        assert steps[f"train/{name}"] == [*range(1, last + 1)]
    assert steps["dev/accuracy"] == steps["attention"] == [*range(STEPS, last + 1, STEPS)]
    assert steps["result/accuracy"] == [last]
    assert steps["_hparams_/experiment"] == steps["_hparams_/session_start_info"] == [0]
    assert steps["_hparams_/session_end_info"] == [last]


def test_what_is_written(run: Run, straight: Run) -> None:
    """And the weights are those of a training without it, to the bit."""
    assert run.checksum() == straight.checksum()
    check(run.folder)
    values = {(value.tag, step): value for step, value in read(run.folder)}
    for line in straight.metrics():
        at = line["epoch"] * STEPS
        assert values["train/loss", at].simple_value == pytest.approx(line["loss"])
        for name, number in line["dev"].items():
            assert ("dev/" + name, at) in values or math.isnan(number)
            assert math.isnan(number) or values["dev/" + name, at].simple_value == pytest.approx(number)
    evaluation = straight.evaluation()
    assert evaluation is not None
    assert values["result/accuracy", EPOCHS * STEPS].simple_value == pytest.approx(evaluation["dev"]["accuracy"])
    image = values["attention", STEPS].image
    height, width, channels = tf.io.decode_png(image.encoded_image_string).shape
    assert (image.height, image.width, channels) == (height, width, 4)
    data = HParamsPluginData.FromString(values["_hparams_/session_start_info", 0].metadata.plugin_data.content)
    chosen = data.session_start_info.hparams
    assert (chosen["training.batch_size"].number_value, chosen["training.optimizer.name"].string_value) == (32, "adam")
    assert not [name for name in chosen if name.startswith("data.")]  # paths of this machine


@pytest.mark.parametrize(
    "dies_at",
    [(Step, 2), (Step, 15), (Evaluation, 1), (Evaluation, EPOCHS)],
    ids=["before the first checkpoint", "between two", "after an epoch", "after the last epoch"],
)
def test_a_training_that_died_leaves_neither_a_gap_nor_a_step_twice(
    config: Config, straight: Run, tmp_path: Path, dies_at: tuple[type[Event], int]
) -> None:
    """Also if it dies again, and if a record was half written."""
    with pytest.raises(KilledError):
        train(config, tmp_path / "run", dies_at)
    with files(tmp_path / "run")[-1].open("ab") as file:
        file.write(b"\x20\0\0\0\0\0\0\0half a record")
    if dies_at[0] is Step:
        with pytest.raises(KilledError):
            train(config, tmp_path / "run", (Step, 3))
    run = train(config, tmp_path / "run")
    assert run.checksum() == straight.checksum()
    check(run.folder)


def test_the_end_is_told_again_and_written_once(config: Config, run: Run, tmp_path: Path) -> None:
    """Whether the process died before or after the end was written, or trained without TensorBoard."""
    shutil.copytree(run.folder, tmp_path / "run")
    with pytest.raises(KilledError):
        train(config, tmp_path / "run", (Finished, 1))
    check(tmp_path / "run")
    train(config, tmp_path / "run")
    check(tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "tensorboard")
    steps = steps_by_tag(train(config, tmp_path / "run").folder)
    assert steps["result/accuracy"] == steps["_hparams_/session_end_info"] == [EPOCHS * STEPS]


def test_kill_9_and_resume_on_the_command_line(project: Path, straight: Run, tmp_path: Path) -> None:
    """The process dies at any moment, while it trains as fast as it can."""
    run = tmp_path / "run"
    command = ["train", "config.yaml", *(word for change in CHANGES for word in ("--set", change))]
    command += ["--output", str(run), "--tensorboard", "--quiet"]

    def written() -> bool:
        paths = files(run) if (run / "tensorboard").is_dir() else []
        return any(event.step > STEPS for path in paths for event, _ in events_of(path))

    with running([PAIRLENS, *command], cwd=project, env=plain_environment()) as process:
        wait_for(written, process)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert pairlens(project, *command, "--resume").code == 0
    assert Run(run).checksum() == straight.checksum()
    check(run)


def test_a_new_run_has_no_curves_of_the_old_one(config: Config, run: Run, tmp_path: Path) -> None:
    shutil.copytree(run.folder, tmp_path / "run")
    train(config.with_seed(2), tmp_path / "run", existing="replace")
    check(tmp_path / "run")
    assert TrainJob(config, tmp_path / "run", "replace").read().train() is not None
    assert not (tmp_path / "run" / "tensorboard").exists()


def test_what_it_needs_is_named(monkeypatch: pytest.MonkeyPatch, project: Path) -> None:
    result = pairlens(project, "train", "config.yaml", "--output", "memory://bucket/run", "--tensorboard")
    assert (result.code, result.stdout) == (2, "")
    assert "memory://bucket/run: --tensorboard needs a run directory of this machine" in result.stderr
    monkeypatch.setattr("pairlens.packages.find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"writing for TensorBoard needs tensorboardX.*pairlens\[tensorboard\]"):
        TensorBoard()
