"""--cluster local as a command: workers and the command itself killed at random, interrupted, and too little to do."""

from __future__ import annotations

import os
import random
import signal
from contextlib import suppress
from pathlib import Path

import pytest
from command_line import PAIRLENS, lines, pairlens, plain_environment, random_texts, trained_project
from process_trees import descendants, is_running, wait_until
from running import running, wait_for

PAIRS = 700_000  # eleven units of 65,536
CLUSTER = ["score", "run", "q.txt", "v.txt", "--cluster", "local", "--workers", "2", "--shards", "11"]


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_project(tmp_path_factory)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Path:
    """Pairs, a run and the scores that one process writes."""
    folder = tmp_path_factory.mktemp("cluster")
    for seed, name in enumerate(("q.txt", "v.txt")):
        (folder / name).write_text(lines(random_texts(700, seed)) * (PAIRS // 700))
    (folder / "run").symlink_to(project / "run")
    assert pairlens(folder, *CLUSTER[:4], "--output", "one.txt").code == 0
    return folder


def kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def test_workers_killed_at_random(folder: Path) -> None:
    command = [PAIRLENS, *CLUSTER, "--retries", "20", "--output", "killed.txt"]
    choose, killed = random.Random(1), set[int]()
    with running(command, cwd=folder, env=plain_environment()) as process:
        while process.poll() is None:
            workers = sorted(descendants(process.pid) - killed)
            if workers and len(killed) < 5 and list((folder / "killed.txt.d").glob("*.partial")):
                killed.add(choose.choice(workers))
                kill(max(killed))
            with suppress(AssertionError):
                wait_until(lambda: process.poll() is not None, choose.uniform(0.02, 0.1))
    assert (process.returncode, len(killed) > 2) == (0, True)
    assert (folder / "killed.txt").read_bytes() == (folder / "one.txt").read_bytes()
    assert not (folder / "killed.txt.d").exists()


def test_the_command_killed_and_given_again(folder: Path) -> None:
    """Its workers end with it; finished parts are not written again."""
    command = [PAIRLENS, *CLUSTER, "--output", "again.txt"]
    directory = folder / "again.txt.d"

    def killed_after(records: int) -> None:
        with running(command, cwd=folder, env=plain_environment()) as process:
            wait_for(lambda: len(list(directory.glob("part-*.json"))) >= records, process)
            workers = descendants(process.pid)
            process.kill()
        wait_until(lambda: not any(map(is_running, workers)))

    killed_after(1)
    killed_after(4)
    done = {path: path.stat().st_mtime_ns for path in directory.glob("part-*.json")}
    with running(command, cwd=folder, env=plain_environment()) as process:
        wait_for(lambda: len(list(directory.glob("part-*.json"))) > len(done), process)
        assert {path: path.stat().st_mtime_ns for path in done} == done
    assert process.returncode == 0
    assert (folder / "again.txt").read_bytes() == (folder / "one.txt").read_bytes()
    assert not directory.exists()


def test_ctrl_c_keeps_the_finished_parts(folder: Path) -> None:
    command = [PAIRLENS, *CLUSTER, "--output", "stopped.d"]
    with running(command, cwd=folder, env=plain_environment(), stderr=-1, text=True) as process:
        wait_for(lambda: list((folder / "stopped.d").glob("part-*.json")), process)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate()
    assert process.returncode == 130
    assert "the finished parts are kept; run the same command again to continue\n" in stderr
    assert "Traceback" not in stderr
    assert pairlens(folder, "merge", "stopped.d", "--status").code == 1
    result = pairlens(folder, *CLUSTER, "--output", "stopped.d")
    assert (result.code, result.stdout) == (0, "")
    assert f"parts, {PAIRS:,} pairs in" not in result.stderr  # only those that were missing
    assert pairlens(folder, "merge", "stopped.d", "--output", "stopped.txt", "--quiet") == (0, "", "")
    assert (folder / "stopped.txt").read_bytes() == (folder / "one.txt").read_bytes()


def test_what_is_too_small_is_scored_here(folder: Path) -> None:
    result = pairlens(folder, *CLUSTER[:6], "--output", "here.txt")
    assert result.code == 0
    assert result.stderr.startswith("--cluster local would take about 0.5 s to start, and ")
    assert "so they are scored here; it pays from about " in result.stderr
    assert (folder / "here.txt").read_bytes() == (folder / "one.txt").read_bytes()


def test_a_missing_file_is_a_fault_of_the_data(folder: Path) -> None:
    result = pairlens(folder, *CLUSTER[:2], "none.txt", *CLUSTER[3:6], "--output", "none.d")
    assert result == (2, "", "error: none.txt: No such file or directory\n")


def test_a_fault_in_the_data_ends_it_with_one_line(folder: Path) -> None:
    (folder / "bad.txt").write_bytes((folder / "v.txt").read_bytes()[:-2] + b"x\n")
    command = [*CLUSTER[:3], "bad.txt", *CLUSTER[4:], "--output", "bad.d", "--quiet"]
    code, stdout, stderr = pairlens(folder, *command)
    assert (code, stdout, stderr.count("\n")) == (2, "", 1)
    assert stderr.startswith(f"error: bad.txt:{PAIRS}:")
