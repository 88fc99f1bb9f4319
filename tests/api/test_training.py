"""Training from Python does what the command does, and tells callbacks each event once, in order."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from command_line import trained_project

import pairlens
from pairlens import Began, Evaluation, Event, Finished, Step
from pairlens.errors import ConfigError, DataError, UsageError
from pairlens.jobs.training import Listener
from pairlens.kernels.threads import processors

STEPS = 10  # in an epoch of 300 pairs in batches of 32


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_project(tmp_path_factory)


@pytest.fixture(scope="module")
def short(project: Path) -> pairlens.Config:
    return pairlens.load_config(project / "config.yaml", set={"training.epochs": 2})


@pytest.fixture(scope="module")
def events() -> list[Event]:
    return []


@pytest.fixture(scope="module")
def straight(short: pairlens.Config, events: list[Event], tmp_path_factory: pytest.TempPathFactory) -> pairlens.Run:
    """A run whose training was never stopped."""
    return pairlens.train(short, tmp_path_factory.mktemp("straight") / "run", callbacks=[events.append])


def weights(run: pairlens.Run) -> bytes:
    return (Path(run) / "weights.npz").read_bytes()


def test_it_makes_the_files_that_the_command_makes(project: Path, tmp_path: Path) -> None:
    run = pairlens.train(project / "config.yaml", tmp_path / "run", seed=7)
    theirs = project / "run"
    assert weights(run) == (theirs / "weights.npz").read_bytes()
    assert (tmp_path / "run" / "config.yaml").read_text() == (theirs / "config.yaml").read_text()
    assert run.evaluation == json.loads((theirs / "evaluation.json").read_text())
    assert {path.name for path in (tmp_path / "run").iterdir()} == {path.name for path in theirs.iterdir()}


def test_events_come_in_order(straight: pairlens.Run, events: list[Event], short: pairlens.Config) -> None:
    began, *between, finished = events
    assert isinstance(began, Began)
    assert (began.run, began.global_step, len(began.train), began.config) == (straight.path, 0, 300, short)
    assert (began.settings["training.epochs"], began.settings["model.conv.0.filters"]) == (2, 5)
    assert isinstance(finished, Finished)
    assert finished.metrics == straight.evaluation["dev"]
    expected = [*range(1, STEPS + 1), "epoch 1", *range(STEPS + 1, 2 * STEPS + 1), "epoch 2"]
    told = [event.global_step if isinstance(event, Step) else f"epoch {event.epoch}" for event in between]  # type: ignore[union-attr]
    assert told == expected
    assert all(event.learning_rate == 0.01 for event in between if isinstance(event, Step))
    evaluations = [event for event in between if isinstance(event, Evaluation)]
    assert [event.line() for event in evaluations] == straight.metrics
    assert [event.global_step for event in evaluations] == [STEPS, 2 * STEPS]


def test_an_evaluation_keeps_the_weights_of_its_epoch(straight: pairlens.Run, events: list[Event]) -> None:
    """Later steps do not change them."""
    evaluations = [event for event in events if isinstance(event, Evaluation)]
    best = [event for event in evaluations if event.best][-1]
    with np.load(Path(straight) / "weights.npz") as kept:
        assert all(np.array_equal(best.weights[name], kept[name]) for name in kept.files)
        first = evaluations[0].weights["head/kernel"]
        assert not np.array_equal(first, evaluations[1].weights["head/kernel"])


def failing(event: Event) -> None:
    if isinstance(event, Step) and event.global_step == STEPS + 3:
        raise ZeroDivisionError("mine")


def spoiling(event: Event) -> None:
    """Changes all that an event holds and that can be changed."""
    if isinstance(event, Began):
        for array in (event.train.label, event.train.query.ids, event.dev.label):  # type: ignore[union-attr]
            with pytest.raises(ValueError, match="read-only"):
                array[:] = 0  # type: ignore[index]
        event.settings.clear()
    if isinstance(event, Evaluation):
        event.dev.update(accuracy=2.0, mine=object())  # type: ignore[call-overload]
        with pytest.raises(ValueError, match="read-only"):
            event.weights["head/kernel"][:] = 0
        event.weights.clear()  # type: ignore[attr-defined]
    if isinstance(event, Finished):
        event.metrics.clear()


def without_speed(run: pairlens.Run) -> list[dict[str, object]]:
    return [line | {"pairs_per_second": None} for line in run.metrics]


def test_what_a_callback_raises_is_not_hidden_and_the_run_goes_on(
    straight: pairlens.Run, short: pairlens.Config, tmp_path: Path
) -> None:
    often = pairlens.load_config(short, set={"training.checkpoint.every_steps": 4})
    with pytest.raises(ZeroDivisionError, match=r"^mine$") as raised:
        pairlens.train(often, tmp_path / "run", callbacks=[failing])
    assert traceback.extract_tb(raised.value.__traceback__)[-1].name == "failing"
    told: list[Event] = []
    run = pairlens.train(often, tmp_path / "run", resume=True, callbacks=[told.append, spoiling])
    began = told[0]
    assert isinstance(began, Began)
    assert began.global_step == STEPS + 2  # a multiple of 4
    assert [event.global_step for event in told if isinstance(event, Step)] == [*range(STEPS + 3, 2 * STEPS + 1)]
    assert (weights(run), without_speed(run)) == (weights(straight), without_speed(straight))
    assert run.evaluation == straight.evaluation


def test_a_finished_run_that_is_resumed_tells_its_end_again(straight: pairlens.Run, short: pairlens.Config) -> None:
    """The process may have ended after the last checkpoint, before every callback knew."""
    before, told = weights(straight), list[Event]()
    pairlens.train(short, straight, resume=True, callbacks=[told.append])
    began, finished = told
    assert isinstance(began, Began)
    assert (began.run, began.global_step, len(began.train)) == (straight.path, 2 * STEPS, 300)
    assert finished == Finished(Path(straight), straight.evaluation["dev"])
    assert weights(straight) == before


def test_what_cannot_be_trained_is_refused_before_anything_is_written(
    project: Path, straight: pairlens.Run, short: pairlens.Config, tmp_path: Path
) -> None:
    def refused(error: type[Exception], message: str, train: Callable[[], object]) -> None:
        with pytest.raises(error, match=message):
            train()
        assert not (tmp_path / "run").exists()

    out, config = tmp_path / "run", short
    refused(UsageError, "give one of them", lambda: pairlens.train(config, out, resume=True, force=True))
    refused(UsageError, "a folder of this machine", lambda: pairlens.train(config, "s3://bucket/run"))
    refused(UsageError, "contains a run", lambda: pairlens.train(config, straight))
    refused(ConfigError, "training.epochs: found 0", lambda: pairlens.train(config, out, set={"training.epochs": 0}))
    refused(ConfigError, "training.seed", lambda: pairlens.train(config, out, seed=-1))
    for threads in ("2", -1, 0, 1.5, True):
        refused(
            UsageError,
            "threads: found .*; must be an integer ≥ 1",
            lambda t=threads: pairlens.train(config, out, threads=t),
        )  # type: ignore[misc]
    for callbacks, message in (
        (print, r"a list of functions, such as \[print\]"),
        ([print, None], r"callbacks\[1\]: found None"),
    ):
        refused(UsageError, message, lambda c=callbacks: pairlens.train(config, out, callbacks=c))  # type: ignore[misc]
    moved = {"data.train": project / "nowhere"}
    refused(DataError, r"nowhere\.query\.txt: no such file", lambda: pairlens.train(config, out, set=moved))


def test_another_number_of_processors_is_refused(straight: pairlens.Run, tmp_path: Path) -> None:
    """TensorFlow keeps the first, so the run would record, and be resumed with, a number that is not true."""
    first = json.loads((Path(straight) / "environment.json").read_text())["processors"]
    with pytest.raises(
        UsageError, match=f"TensorFlow uses {first} processors .*, and not {first + 1}; .* a new process"
    ):
        pairlens.train(straight.config, tmp_path / "run", threads=first + 1)
    assert not (tmp_path / "run").exists()
    assert processors() == first


def test_warnings_name_the_line_that_called(
    short: pairlens.Config, straight: pairlens.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However deep in the training they come from."""

    class Warns:
        remarks = ("early",)

        def read(self, **_: object) -> Warns:
            return self

        def train(self, listener: Listener) -> None:
            self.go_deeper(listener)

        def go_deeper(self, listener: Listener) -> None:
            listener.warns("late")

    monkeypatch.setattr("pairlens.jobs.train_job.TrainJob", lambda *_: Warns())
    with pytest.warns(UserWarning, match="early|late") as caught:
        pairlens.train(short, straight)
    assert [(str(one.message), one.filename) for one in caught] == [("early", __file__), ("late", __file__)]


def test_warnings_are_those_of_python(short: pairlens.Config, tmp_path: Path) -> None:
    """And one that is made an error ends the call before anything is written."""
    with pytest.raises(UserWarning, match=r"data\.dev: not set"):
        pairlens.train(short, tmp_path / "run", set={"data.dev": None, "training.early_stopping": None})
    assert not (tmp_path / "run").exists()
