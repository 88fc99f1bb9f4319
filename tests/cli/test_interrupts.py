"""Training that is interrupted, terminated or killed. Every test runs real processes."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import time
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from command_line import PAIRLENS, files_below, make_project, pairlens, plain_environment
from running import Process, running, wait_for

# Epochs of 75 steps, so that a signal comes in the middle of one.
SETTINGS = {"training.batch_size": 4, "training.epochs": 4, "training.checkpoint.every_steps": 20}
TRAIN = ["train", "config.yaml", *(word for pair in SETTINGS.items() for word in ("--set", f"{pair[0]}={pair[1]}"))]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a run, `straight`, that was never interrupted."""
    folder = tmp_path_factory.mktemp("interrupts")
    make_project(folder)
    result = pairlens(folder, *TRAIN, "--output", "straight", "--quiet")
    assert result == (0, "", "")
    return folder


def training(folder: Path, *arguments: str) -> AbstractContextManager[Process]:
    """A running train process."""
    command = [PAIRLENS, *TRAIN, *arguments]
    return running(command, cwd=folder, env=plain_environment(), stderr=subprocess.PIPE, text=True)


def end_of(run: Path) -> list[object]:
    """Weights, threshold and metrics, without the speed."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    metrics = [{name: value for name, value in line.items() if name != "pairs_per_second"} for line in lines]
    return [(run / "weights.npz").read_bytes(), (run / "evaluation.json").read_bytes(), metrics]


def litter_in(run: Path) -> list[str]:
    return [name for name in files_below(run) if name.endswith((".partial", ".lock"))]


def test_terminated_in_mid_epoch(project: Path) -> None:
    """While it trains, a second training in the run is refused, and its best weights score. SIGTERM saves; the printed
    command continues, with the same result to the bit."""
    run = project / "terminated"
    with training(project, "--output", "terminated") as process:
        wait_for((run / "weights.npz").exists, process)
        process.send_signal(signal.SIGSTOP)  # keeps the lock, and does not end too early
        for how in ("--resume", "--force"):
            second = pairlens(project, *TRAIN, "--output", "terminated", how)
            assert second.code == 2
            assert second.stderr == (
                f"error: terminated: process {process.pid} on {socket.gethostname()} is training there; "
                "wait for it, stop it, or choose another directory\n"
            )
        scored = pairlens(project, "score", "terminated", "data/test.query.txt", "data/test.value.txt")
        assert (scored.code, len(scored.stdout.splitlines())) == (0, 80)
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGCONT)
        stderr = process.communicate()[1].splitlines()
    assert process.returncode == 143
    assert "stopping after this step; interrupt again to stop at once" in stderr
    before, command = stderr[-1].split("; everything is saved. Continue with: ")
    assert before.startswith("warning: interrupted in epoch ")
    assert shlex.split(command) == ["pairlens", *TRAIN, "--output", "terminated", "--resume"]
    assert litter_in(run) == []

    result = pairlens(project, *shlex.split(command)[1:], "--quiet")
    assert result == (0, "", "")
    assert end_of(run) == end_of(project / "straight")
    assert files_below(run).keys() == files_below(project / "straight").keys()


def test_killed_and_its_last_checkpoint_damaged(project: Path) -> None:
    """kill -9 leaves a lock file without a lock; if the last checkpoint is truncated, the one before it is used."""
    run = project / "killed"
    with training(project, "--output", "killed") as process:
        wait_for((run / "checkpoint" / "previous.npz").exists, process)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert ".lock" in litter_in(run)
    state = run / "checkpoint" / "state.npz"
    whole = (state if state.exists() else run / "checkpoint" / "previous.npz").read_bytes()
    state.write_bytes(whole[:-100])

    result = pairlens(project, *TRAIN, "--output", "killed", "--resume")
    assert result.code == 0
    assert result.stderr.startswith("warning: killed/checkpoint/state.npz: damaged or not an npz file")
    assert result.stderr.splitlines()[0].endswith("; continuing from the checkpoint before it")
    assert end_of(run) == end_of(project / "straight")
    assert litter_in(run) == []


@pytest.mark.parametrize(
    ("signals", "codes"), [([signal.SIGINT], {130}), ([signal.SIGTERM, signal.SIGINT], {130, 143})]
)
def test_interrupted_while_tensorflow_is_imported(project: Path, signals: list[int], codes: set[int]) -> None:
    """The first signal stops training before its first step; the second one at once. Both may come together."""
    name = f"early{len(signals)}"
    with training(project, "--output", name) as process:
        wait_for((project / name / "environment.json").exists, process)
        time.sleep(0.5)
        for number in signals:
            process.send_signal(number)
            time.sleep(0.2)
        stderr = process.communicate()[1]
    assert process.returncode in codes
    assert "Traceback" not in stderr
    assert ("interrupted in epoch 1 after step 0; everything is saved" in stderr) == (len(signals) == 1)
    assert litter_in(project / name) == []


def test_interrupted_twice_in_training(project: Path) -> None:
    """It stops at once, even while saving: resuming uses the previous checkpoint, with the same result."""
    run = project / "twice"
    with training(project, "--output", "twice") as process:
        wait_for((run / "checkpoint" / "state.npz").exists, process)
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        stderr = process.communicate()[1]
    assert process.returncode in (130, 143)  # the first signal's code, if saving finished before the second
    assert "Traceback" not in stderr
    assert litter_in(run) == []
    result = pairlens(project, *TRAIN, "--output", "twice", "--resume", "--quiet")
    assert result == (0, "", "")
    assert end_of(run) == end_of(project / "straight")


def test_a_loss_that_is_not_finite(project: Path) -> None:
    settings = ["--set", "task=regression", "--set", "training.optimizer=sgd"]
    result = pairlens(project, *TRAIN, *settings, "--set", "training.optimizer.learning_rate=1e30", "--output", "nan")
    assert result.code == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: ")
    assert "in epoch 1, step " in line
    assert "at learning rate 1e+30; nan has no weights yet" in line
    assert "a lower training.optimizer.learning_rate" in line
    assert litter_in(project / "nan") == []


# ---- finished runs, and runs that never began ------------------------------------------------------------------------


def test_a_finished_run_is_not_trained_again(project: Path) -> None:
    before = files_below(project / "straight")
    began = time.monotonic()
    result = pairlens(project, *TRAIN, "--output", "straight", "--resume")
    assert time.monotonic() - began < 4.0  # importing TensorFlow takes as long
    assert result == (0, "", "straight: already finished; nothing to train\n")
    assert files_below(project / "straight") == before


def test_seeds_go_on_where_they_were(project: Path) -> None:
    """The first run is finished, the second was never begun."""
    shutil.copytree(project / "straight", project / "several" / "seed-1")
    before = files_below(project / "several" / "seed-1")
    result = pairlens(project, *TRAIN, "--seeds", "2", "--output", "several", "--resume")
    assert result.code == 0
    first, second, *_ = result.stderr.splitlines()
    assert first == "several/seed-1: already finished; nothing to train"
    assert second == "several/seed-2: no run to resume; starting a new one"
    assert files_below(project / "several" / "seed-1") == before
    summary = json.loads(result.stdout)
    assert summary["runs"] == ["several/seed-1", "several/seed-2"]
    one, other = (
        json.loads((project / run / "evaluation.json").read_text())["dev"]["accuracy"] for run in summary["runs"]
    )
    assert summary["dev"]["accuracy"]["mean"] == pytest.approx((one + other) / 2)


def test_killed_while_one_of_several_seeds_is_replaced(project: Path) -> None:
    """The first run is replaced and finished; the second is being written in seed-2.new, where --resume finds it."""
    folder = project / "replaced"
    for seed in (1, 2):
        shutil.copytree(project / "straight", folder / f"seed-{seed}")
    old = files_below(folder / "seed-2")
    with training(project, "--seeds", "2", "--output", "replaced", "--force") as process:
        wait_for((folder / "seed-2.new" / "environment.json").exists, process)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert old.items() <= files_below(folder / "seed-2").items()
    assert litter_in(folder / "seed-2") == [".lock"]
    result = pairlens(project, *TRAIN, "--seeds", "2", "--output", "replaced", "--resume")
    assert result.code == 0
    assert result.stderr.startswith("replaced/seed-1: already finished")
    assert sorted(path.name for path in folder.iterdir()) == ["seed-1", "seed-2"]
    assert litter_in(folder) == []
    assert pairlens(project, *TRAIN, "--seed", "2", "--output", "second", "--quiet").code == 0
    for seed, straight in ((1, "straight"), (2, "second")):
        assert end_of(folder / f"seed-{seed}") == end_of(project / straight)
