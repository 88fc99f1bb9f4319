"""Training that stops or dies at any moment and resumes has the result of one without interruption, or is refused."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_runs import write_split

from pairlens.config.file import load_config
from pairlens.config.schema import Config
from pairlens.errors import PairlensError, RunError
from pairlens.jobs.resume_check import finished_metrics, refuse_changes
from pairlens.runs.carried import hashes, read_carried
from pairlens.runs.environment import describe_environment
from pairlens.runs.progress import Pace
from pairlens.runs.run import Run
from pairlens.texts.pairs import Pairs
from pairlens.texts.texts import Texts
from pairlens.training.events import Evaluation, Step
from pairlens.training.trainer import Trainer

Event = Step | Evaluation
EPOCHS, STEPS = 3, 4


def make_config(task: str = "binary", **training: Any) -> Config:
    """A network with every kind of dropout; 4 batches of 8 pairs in an epoch, a checkpoint after each batch."""
    sections = {
        "task": task,
        "data": {"train": "train"},
        "model": {
            "embedding": {"input_dim": 11, "output_dim": 3, "dropout": 0.2, "match_channels": True},
            "conv": [{"filters": 2, "kernel_size": 2}],
            "attention": {"dropout": 0.1},
            "overlap": True,
            "dnn": {"units": [5], "dropout": 0.1},
        },
        "training": {
            "epochs": EPOCHS,
            "batch_size": 8,
            "word_dropout": {"rate": 0.5},
            "accumulate": 3,  # 4 batches: one update from three, one from the last
            "schedule": {"name": "cosine", "warmup": 0.2},
            "checkpoint": {"every_steps": 1},
            **training,
        },
    }
    return Config.model_validate(sections)


def make_pairs(pairs: int, seed: int) -> Pairs:
    random = np.random.default_rng(seed)
    queries = [random.integers(0, 11, random.integers(1, 6)) for _ in range(pairs)]
    label = random.integers(0, 2, pairs).astype(np.float32)
    values = [q[::-1] if same else random.integers(0, 11, 3) for q, same in zip(queries, label, strict=True)]
    return Pairs(Texts.from_lists(queries), Texts.from_lists(values), label)


TRAIN, DEV = make_pairs(30, 1), make_pairs(20, 2)
CONFIG = make_config()


def ignore(_: Event) -> None:
    pass


def train(path: Path, config: Config = CONFIG, listen: Callable[[Event], None] = ignore) -> Run:
    """Train or resume, as the command does with --resume."""
    run = Run(path) if path.exists() else Run.create(path, config, {})
    Trainer(config, run).fit(TRAIN, DEV, listen)
    return run


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run whose training was never interrupted."""
    return train(tmp_path_factory.mktemp("resuming") / "straight")


def without_speed(line: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in line.items() if name != "pairs_per_second"}


def assert_same_end(run: Run, other: Run) -> None:
    """Check that weights, optimizer, counts, metrics and threshold are equal to the bit; only the speed may differ."""
    assert (run.path / "weights.npz").read_bytes() == (other.path / "weights.npz").read_bytes()
    assert (run.path / "evaluation.json").read_bytes() == (other.path / "evaluation.json").read_bytes()
    ours, theirs = (
        [without_speed(json.loads(line)) for line in (one.path / "metrics.jsonl").read_text().splitlines()]
        for one in (run, other)
    )
    assert ours == theirs
    assert [line["epoch"] for line in ours] == list(range(1, EPOCHS + 1))
    mine, its = run.checkpoint(), other.checkpoint()
    assert mine is not None
    assert its is not None
    assert mine.arrays.keys() == its.arrays.keys()
    for name, array in its.arrays.items():
        np.testing.assert_array_equal(mine.arrays[name], array, err_msg=name)
    assert (mine.progress.step, mine.progress.best, mine.progress.best_epoch) == (
        its.progress.step,
        its.progress.best,
        its.progress.best_epoch,
    )


class KilledError(Exception):
    pass


def test_stopped_after_every_step_and_gone_on_with(straight: Run, tmp_path: Path) -> None:
    """Stopping writes a checkpoint, even if none is due; training resumes with the next step."""
    config, done = make_config(checkpoint={}), 0
    run = Run.create(tmp_path / "run", config, {})
    for _ in range(EPOCHS * STEPS + 1):
        heard: list[Event] = []
        metrics = Trainer(config, run).fit(TRAIN, DEV, heard.append, lambda: any(isinstance(e, Step) for e in heard))  # noqa: B023
        if steps := [event for event in heard if isinstance(event, Step)]:
            assert [(step.epoch, step.step) for step in steps] == [(done // STEPS + 1, done % STEPS + 1)]
            done += 1
    assert metrics is not None
    assert done == EPOCHS * STEPS
    assert_same_end(run, straight)


@pytest.mark.parametrize("every_steps", [1, 3, None])
def test_killed_in_mid_epoch_and_gone_on_with(straight: Run, tmp_path: Path, every_steps: int | None) -> None:
    """The steps since the last checkpoint are repeated; without a checkpoint, all steps."""
    config = make_config(checkpoint={"every_steps": every_steps})

    def kill(event: Event) -> None:
        if isinstance(event, Step) and (event.epoch, event.step) == (2, 3):
            raise KilledError

    with pytest.raises(KilledError):
        train(tmp_path / "run", config, kill)
    heard: list[Event] = []
    run = train(tmp_path / "run", config, heard.append)
    first = heard[0]
    assert isinstance(first, Step)
    assert (first.epoch, first.step) == {1: (2, 3), 3: (2, 3), None: (1, 1)}[every_steps]
    assert_same_end(run, straight)


def test_killed_before_and_after_every_file_is_renamed(
    straight: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each process dies at the first rename that no earlier process has died at."""
    rename, run = os.replace, Run.create(tmp_path / "run", CONFIG, {})
    died: set[tuple[str, str]] = set()

    def rename_or_die(old: str, new: str, **directories: int) -> None:
        for moment in ("before", "after"):
            if moment == "after":
                rename(old, new, **directories)
            if (death := (Path(new).name, moment)) not in died:
                died.add(death)
                raise KilledError

    monkeypatch.setattr(os, "replace", rename_or_die)
    finished = False
    while not finished:
        try:
            Trainer(CONFIG, run).fit(TRAIN, DEV, ignore)
            finished = True
        except KilledError:
            continue
    assert {name for name, _ in died} == {
        "metrics.jsonl",
        "weights.npz",
        "state.npz",
        "previous.npz",
        "evaluation.json",
    }
    assert len(died) == 10
    assert_same_end(run, straight)


def test_a_damaged_checkpoint_costs_only_the_steps_since_the_one_before(straight: Run, tmp_path: Path) -> None:
    def kill(event: Event) -> None:
        if isinstance(event, Step) and (event.epoch, event.step) == (2, 3):
            raise KilledError

    with pytest.raises(KilledError):
        train(tmp_path / "run", listen=kill)
    state = tmp_path / "run" / "checkpoint" / "state.npz"
    state.write_bytes(state.read_bytes()[:1000])
    run = Run(tmp_path / "run")
    trainer = Trainer(CONFIG, run)
    assert trainer.warning is not None
    assert trainer.warning.startswith(f"{state}: damaged")
    assert trainer.progress.step == STEPS + 1
    trainer.fit(TRAIN, DEV, ignore)
    assert_same_end(run, straight)


def test_early_stopping_is_gone_on_with(tmp_path: Path) -> None:
    """The labels of dev are swapped, so the first epochs are the best, and early stopping ends training."""
    config = make_config(
        epochs=50,
        accumulate=1,
        schedule="constant",
        optimizer={"name": "adam", "learning_rate": 0.01},
        early_stopping={"metric": "log_loss", "patience": 2},
    )
    assert TRAIN.label is not None
    dev = Pairs(TRAIN.query, TRAIN.value, 1 - TRAIN.label)
    straight = Run.create(tmp_path / "straight", config, {})
    Trainer(config, straight).fit(TRAIN, dev, ignore)
    stopped = Run.create(tmp_path / "stopped", config, {})
    while Trainer(config, stopped).fit(TRAIN, dev, ignore, stop=iter([False] * 7 + [True]).__next__) is None:
        pass
    lines = [(run.path / "metrics.jsonl").read_text().splitlines() for run in (straight, stopped)]
    assert len(lines[0]) == len(lines[1]) < 10
    assert (straight.path / "weights.npz").read_bytes() == (stopped.path / "weights.npz").read_bytes()


def test_lost_best_weights_and_another_networks_checkpoint(straight: Run, tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", CONFIG, {})
    checkpoint = straight.checkpoint()
    assert checkpoint is not None
    run.write_checkpoint(checkpoint.arrays, checkpoint.progress)
    with pytest.raises(RunError, match=r"weights\.npz: missing"):
        Trainer(CONFIG, run)
    run.write_checkpoint({"head/bias": np.zeros(1, np.float32)}, checkpoint.progress)
    with pytest.raises(RunError, match="its checkpoint belongs to another network; start over with --force"):
        Trainer(CONFIG, run)


# ---- divergence ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("task", "every_steps", "cause"),
    [("regression", None, r"the loss became (nan|inf)"), ("binary", 1, r"\S+ contains numbers that are not finite")],
)
def test_a_learning_rate_that_is_far_too_high(tmp_path: Path, task: str, every_steps: int | None, cause: str) -> None:
    """The first step makes weights of about 1e30, and the next steps multiply them."""
    config = make_config(
        task,
        accumulate=1,
        schedule="constant",
        optimizer={"name": "sgd", "learning_rate": 1e30},
        checkpoint={"every_steps": every_steps},
    )
    run = Run.create(tmp_path / "run", config, {})
    faults = []
    for _ in range(2):
        with pytest.raises(PairlensError) as error:
            Trainer(config, run).fit(TRAIN, DEV, ignore)
        faults.append(str(error.value))
    assert faults[0] == faults[1]  # resuming fails in the same place
    assert re.match(cause + r" in epoch 1, step \d, at learning rate 1e\+30; .*run has no weights yet\. ", faults[0])
    assert "start over with --force and a lower training.optimizer.learning_rate" in faults[0]
    assert not (run.path / "weights.npz").exists()
    if every_steps:
        checkpoint = run.checkpoint()
        assert checkpoint is not None
        assert all(np.isfinite(array).all() for array in checkpoint.arrays.values())


def test_weights_that_are_not_finite_are_in_no_file(tmp_path: Path) -> None:
    """A step reports the loss of the weights before it, so it misses the NaN that is set in the second epoch."""
    config = make_config(epochs=3, checkpoint={})
    for at in (2, STEPS):  # noticed by the checkpoint and by the evaluation
        run = Run.create(tmp_path / f"run{at}", config, {})
        trainer = Trainer(config, run)

        def break_weights(event: Event, at: int = at, trainer: Trainer = trainer) -> None:
            if isinstance(event, Step) and (event.epoch, event.step) == (2, at):
                trainer.network.head_layer.bias.assign([np.nan])
                trainer._pace.is_due = lambda _: True  # type: ignore[method-assign]

        with pytest.raises(PairlensError) as error:
            trainer.fit(TRAIN, DEV, break_weights)
        assert f"head/bias contains numbers that are not finite in epoch 2, step {at}, at" in str(error.value)
        assert "keeps the best weights, of epoch 1" in str(error.value)
        assert run.weights(config)  # raises if a weight is not finite
        assert run.checkpoint() is None


# ---- what may not change ---------------------------------------------------------------------------------------------


def test_resume_is_refused_with_every_difference(tmp_path: Path) -> None:
    for name in ("query", "value", "label", "group"):
        (tmp_path / f"train.{name}.txt").write_text("1\n")
    config = make_config().model_dump()
    config["data"] = {"train": tmp_path / "train"}
    began = Config.model_validate(config)
    run = Run.create(tmp_path / "run", began, describe_environment(began, []))
    refuse_changes(run, began, describe_environment(began, ["another", "command"]))

    config["training"] |= {"epochs": 99, "optimizer": {"name": "sgd"}, "checkpoint": {"every_minutes": 7.0}}
    now = Config.model_validate(config)
    (tmp_path / "train.value.txt").write_text("2\n")
    (tmp_path / "train.group.txt").unlink()
    (tmp_path / "train.weight.txt").write_text("1\n")
    environment = describe_environment(now, [])
    environment["packages"]["numpy"] = "9.9"
    environment["processor"] = "an abacus"
    environment["settings"]["TF_ENABLE_ONEDNN_OPTS"] = "0"
    with pytest.raises(RunError) as error:
        refuse_changes(run, now, environment)
    lines = str(error.value).splitlines()
    assert all(line.startswith(f"{run.path}: ") for line in lines)
    faults = [line.removeprefix(f"{run.path}: ") for line in lines]
    assert "training.epochs was 3 when the run began and is 99 now; set it back" in faults
    assert "training.optimizer.name was 'adam' when the run began and is 'sgd' now; set it back" in faults
    assert any("--set training.warm_start=" in fault for fault in faults)  # the way to continue training
    assert f"{tmp_path}/train.value.txt has changed since the run began; put the old file back" in faults
    assert f"{tmp_path}/train.group.txt was read when the run began and is not read now; put it back" in faults
    assert f"{tmp_path}/train.weight.txt was not read when the run began; remove it" in faults
    numpy = f"numpy was {np.__version__} when the run began and is 9.9 now; install numpy=={np.__version__}"
    assert numpy in faults
    assert "the processor was " in "".join(faults)
    assert " when the run began and is an abacus now" in "".join(faults)
    onednn = "TF_ENABLE_ONEDNN_OPTS unset when the run began and has TF_ENABLE_ONEDNN_OPTS=0 now; set it back"
    assert f"the environment had {onednn}" in faults
    assert faults[-1] == "--resume continues only with everything unchanged; train again with --force"
    # The times of checkpoints may change, and unchanged files are not named.
    assert not any("checkpoint" in fault or "train.query.txt" in fault for fault in faults)


def test_moved_data_are_known_by_their_hashes(tmp_path: Path) -> None:
    """Files are matched by role, so that an older run, which recorded paths, may have moved with its data, too."""
    configs = []
    for place in ("here", "there"):
        folder = tmp_path / place
        folder.mkdir()
        for split in ("train", "dev"):
            for side in ("query", "value", "label"):
                (folder / f"{split}.{side}.txt").write_text(f"{split} {side}\n")
        (folder / "vocab.txt").write_text("a\n")
        sections = make_config().model_dump()
        sections["data"] = {name: folder / name for name in ("train", "dev")} | {"vocab": folder / "vocab.txt"}
        configs.append(Config.model_validate(sections))
    began, now = configs

    def environment(config: Config, with_words: bool = True) -> dict[str, Any]:
        record = {"carried": hashes(read_carried(config))} if with_words else {}
        return describe_environment(config, []) | record

    run = Run.create(tmp_path / "run", began, environment(began))
    refuse_changes(run, now, environment(now))
    before = Run.create(tmp_path / "before", began, environment(began, with_words=False))
    refuse_changes(before, now, environment(now))

    (tmp_path / "there" / "dev.label.txt").write_text("another\n")
    (tmp_path / "there" / "vocab.txt").write_text("b\n")
    with pytest.raises(RunError) as error:
        refuse_changes(run, now, environment(now))
    assert [line.removeprefix(f"{run.path}: ") for line in str(error.value).splitlines()[:-1]] == [
        f"{tmp_path}/there/dev.label.txt has changed since the run began; put the old file back",
        f"{tmp_path}/there/vocab.txt has changed since the run began; put the old file back",
    ]
    without_dev = Config.model_validate(now.model_dump() | {"data": now.data.model_dump() | {"dev": None}})
    with pytest.raises(RunError, match=r"data\.dev was '.*/here/dev' when the run began and is None now"):
        refuse_changes(run, without_dev, environment(without_dev))


def test_several_prefixes_are_known_by_their_hashes_and_order(tmp_path: Path) -> None:
    for place in ("here", "there"):
        for name, label in (("a", 0), ("b", 1)):
            (tmp_path / place).mkdir(exist_ok=True)
            write_split(tmp_path / place / name, query=[1], value=[2], label=[label])

    def make(*prefixes: str) -> Config:
        return Config.model_validate(make_config().model_dump() | {"data": {"train": [tmp_path / p for p in prefixes]}})

    def faults(now: Config) -> list[str]:
        with pytest.raises(RunError) as error:
            refuse_changes(run, now, describe_environment(now, []))
        return [line.removeprefix(f"{run.path}: {tmp_path}/") for line in str(error.value).splitlines()[:-1]]

    began, moved = make("here/a", "here/b"), make("there/a", "there/b")
    run = Run.create(tmp_path / "run", began, describe_environment(began, []))
    refuse_changes(run, moved, describe_environment(moved, []))
    write_split(tmp_path / "there" / "b", label=[0])
    assert faults(moved) == ["there/b.label.txt has changed since the run began; put the old file back"]
    assert faults(make("here/b", "here/a")) == [
        f"here/{name}.label.txt has changed since the run began; put the old file back" for name in ("b", "a")
    ]
    assert faults(make("here/a")) == [
        f"here/b.{side}.txt was read when the run began and is not read now; put it back"
        for side in ("query", "value", "label")
    ]


def test_how_to_train_on_is_no_contradiction(tmp_path: Path) -> None:
    """A warm start excludes pretrained embeddings, so the suggested options switch them off."""
    (tmp_path / "e.npy").touch()
    for side in ("query", "value", "label"):
        (tmp_path / f"train.{side}.txt").touch()
    config = make_config().model_dump()
    config["data"] = {"train": tmp_path / "train"}
    config["model"]["embedding"]["pretrained"] = tmp_path / "e.npy"
    began = Config.model_validate(config)
    config["training"]["epochs"] = 99
    now = Config.model_validate(config)
    run = Run.create(tmp_path / "run", began, describe_environment(began, []))
    with pytest.raises(RunError) as error:
        refuse_changes(run, now, describe_environment(now, []))
    (options,) = re.findall("add (--set .*) --output", str(error.value))
    assert load_config(run.path / "config.yaml", options.split("--set ")[1:])


def test_a_finished_run_is_told_from_one_with_more_to_do(straight: Run, tmp_path: Path) -> None:
    with_dev = Config.model_validate({**CONFIG.model_dump(), "data": {"train": "train", "dev": "dev"}})
    metrics = finished_metrics(straight, with_dev)
    assert metrics == json.loads((straight.path / "evaluation.json").read_text())["dev"]
    run = Run.create(tmp_path / "run", with_dev, {})
    assert finished_metrics(run, with_dev) is None
    checkpoint = straight.checkpoint()
    assert checkpoint is not None
    run.write_checkpoint(checkpoint.arrays, checkpoint.progress)
    assert finished_metrics(run, with_dev) is None  # the threshold is not fitted yet
    assert finished_metrics(run, CONFIG) == {}  # without dev there is no threshold
    run.write_evaluation({"dev": {"f1": float("nan")}})
    assert np.isnan((finished_metrics(run, with_dev) or {})["f1"])


# ---- the pace of checkpoints -----------------------------------------------------------------------------------------


@given(step=st.floats(0.001, 60.0), cost=st.floats(0.0, 100.0), every=st.floats(0.001, 10.0))
def test_checkpoints_take_at_most_two_percent_of_the_time(step: float, cost: float, every: float) -> None:
    with pytest.MonkeyPatch.context() as patch:
        now = 0.0
        patch.setattr(time, "perf_counter", lambda: now)
        pace = Pace(make_config(checkpoint={"every_minutes": every}))
        saved: list[float] = []
        for number in range(1, 1000):
            now += step
            if pace.is_due(number):
                saved.append(now)
                now += cost
                pace.saved(cost)
        # A checkpoint takes at most a 50th of the time between the ends of two checkpoints.
        gaps = np.diff(saved)
        assert (cost <= 0.02 * gaps * (1 + 1e-9)).all()
        assert (gaps >= 60 * every * (1 - 1e-9)).all()
        # They are not rarer than the interval and the cost require.
        assert (gaps <= max(60 * every, 49 * cost) + cost + step + 1e-6).all()


def test_steps_are_taken_at_their_word() -> None:
    pace = Pace(make_config(checkpoint={"every_steps": 3}))
    assert [step for step in range(1, 10) if pace.is_due(step)] == [3, 6, 9]
