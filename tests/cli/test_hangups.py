"""Terminals that close, and streams closed before a command begins: its work is saved, finished or refused."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest
from command_line import PAIRLENS, pairlens, plain_environment, trained_project
from running import after, open_pipe, run_to_end, running, wait_for

FILES = ["data/test.query.txt", "data/test.value.txt"]
# Epochs of 75 steps, and so many that the training still runs when the signal comes.
TRAIN = ["train", "config.yaml", "--set", "training.batch_size=4", "--set", "training.epochs=100000"]


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_project(tmp_path_factory)


OWNS_ITS_TERMINAL = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)"


def assert_saved(run: Path) -> None:
    assert (run / "checkpoint" / "state.npz").exists()
    assert not [path for path in run.rglob("*") if path.name.endswith((".partial", ".lock"))]


def test_a_training_whose_terminal_closes_saves(project: Path, tmp_path: Path) -> None:
    """The system sends SIGHUP, and from then on every write to the terminal fails."""
    run = tmp_path / "run"
    terminal, theirs = os.openpty()
    os.set_blocking(terminal, False)

    def trains() -> bool:
        with suppress(OSError):
            while os.read(terminal, 65536):  # otherwise its writes would block
                pass
        return (run / "weights.npz").exists()

    command = after(OWNS_ITS_TERMINAL, [PAIRLENS, *TRAIN, "--output", run])
    environment = plain_environment() | {"TERM": "xterm"}
    with running(command, cwd=project, env=environment, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        wait_for(trains, process)
        os.close(terminal)
    assert process.returncode == 129
    assert_saved(run)


def test_hangups_of_the_system_and_of_the_shell_are_one(project: Path, tmp_path: Path) -> None:
    """A shell sends SIGHUP to its commands, too; the second signal must not interrupt the saving."""
    run = tmp_path / "run"
    command = [PAIRLENS, *TRAIN, "--output", run]
    with running(command, cwd=project, env=plain_environment(), stderr=subprocess.PIPE, text=True) as process:
        wait_for((run / "weights.npz").exists, process)
        for _ in range(3):
            process.send_signal(signal.SIGHUP)
            time.sleep(0.001)
        stderr = process.communicate()[1]
    assert process.returncode == 129
    assert "everything is saved. Continue with: pairlens train" in stderr
    assert_saved(run)


@pytest.mark.parametrize("command", ["score", "train"])
def test_a_hangup_that_was_ignored_still_is(project: Path, tmp_path: Path, command: str) -> None:
    """As with nohup. `score` waits for a pipe; `train` exits with 143, for the SIGTERM that follows the hangup."""
    os.mkfifo(tmp_path / "pipe")
    waits = ["score", "run", tmp_path / "pipe", FILES[1]]
    arguments = waits if command == "score" else [*TRAIN, "--output", tmp_path / "run"]
    with running(
        after("import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)", [PAIRLENS, *arguments]),
        cwd=project,
        env=plain_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        if command == "score":
            with open_pipe(tmp_path / "pipe", process) as pipe:
                process.send_signal(signal.SIGHUP)
                pipe.write((project / FILES[0]).read_text())
            assert process.communicate()[0].count(b"\n") == 80
        else:
            wait_for((tmp_path / "run" / "weights.npz").exists, process)
            process.send_signal(signal.SIGHUP)
            time.sleep(0.1)
            process.send_signal(signal.SIGTERM)
    assert process.returncode == (0 if command == "score" else 143)


# ---- closed streams --------------------------------------------------------------------------------------------------

SCORE = ["score", "run", *FILES]
CLOSED = "error: stdout, where the results would go, is closed; add --output FILE\n"


def closing(*numbers: int) -> str:
    return f"for number in {numbers}: os.close(number)"


@pytest.mark.parametrize("arguments", [SCORE, ["evaluate", "run"], ["attend", "run", *FILES]], ids=lambda a: a[0])
def test_results_for_a_closed_stdout_are_refused(project: Path, arguments: list[str]) -> None:
    assert pairlens(project, *arguments, before=closing(1)) == (2, "", CLOSED)
    assert pairlens(project, *arguments, before=closing(0, 1, 2)) == (2, "", "")


def test_several_trainings_for_a_closed_stdout_are_refused(project: Path, tmp_path: Path) -> None:
    result = pairlens(project, *TRAIN, "--seeds", "2", "--output", tmp_path / "runs", before=closing(1))
    assert (result.code, result.stderr.count("\n")) == (2, 1)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("numbers", [(0,), (1,), (2,), (0, 1, 2)])
@pytest.mark.parametrize("command", ["score", "evaluate", "attend"])
def test_a_file_is_the_same_whatever_is_closed(
    project: Path, tmp_path: Path, command: str, numbers: tuple[int, ...]
) -> None:
    """Files that are opened later get the descriptors of closed streams; no message must be written into them."""
    arguments = [command, "run", *([] if command == "evaluate" else FILES)]
    suffix = ".json" if command == "evaluate" else ".tsv"
    one, other = (tmp_path / f"{name}{suffix}" for name in ("one", "other"))
    assert pairlens(project, *arguments, "--output", one).code == 0
    assert pairlens(project, *arguments, "--output", other, before=closing(*numbers)).code == 0
    assert one.read_bytes() == other.read_bytes()


def test_training_with_all_streams_closed_writes_the_same(project: Path, tmp_path: Path) -> None:
    """TensorFlow writes directly to descriptor 2."""
    like_the_projects_run = ["train", "config.yaml", "--seed", "7", "--output", tmp_path / "other"]
    assert pairlens(project, *like_the_projects_run, before=closing(0, 1, 2)).code == 0
    for name in ("weights.npz", "evaluation.json", "config.yaml"):
        assert (project / "run" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()


def test_pairs_from_a_closed_stdin_are_refused(project: Path) -> None:
    assert pairlens(project, "score", "run", "-", before=closing(0)) == (
        2,
        "",
        "error: - reads stdin, which is closed\n",
    )


def test_words_for_a_full_disk_do_not_end_the_work(project: Path) -> None:
    with Path("/dev/full").open("w") as full:
        command = [PAIRLENS, "evaluate", "run", "--verbose"]
        done = run_to_end(command, cwd=project, stdout=subprocess.PIPE, stderr=full)
    assert done.returncode == 0
    assert done.stdout.startswith(b"{")
