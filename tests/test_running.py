"""No process that a test starts can make the test hang, or outlives it."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from running import Process, on_a_terminal, open_pipe, read_beside, run_to_end, running, wait_for

ENDLESS = ["sh", "-c", "sleep 1000 & echo $!; wait"]  # the process that it starts has its pipes open


def is_alive(number: int) -> bool:
    stat = Path(f"/proc/{number}/stat")
    return stat.exists() and stat.read_text().split()[2] != "Z"


def test_a_block_that_fails_ends_the_process_and_what_it_started() -> None:
    def fail() -> None:
        with running(ENDLESS, stdout=subprocess.PIPE, text=True) as process:
            processes.extend([process.pid, int(process.stdout.readline())])
            raise KeyError

    processes: list[int] = []
    with pytest.raises(KeyError):
        fail()
    time.sleep(0.1)
    assert [is_alive(number) for number in processes] == [False, False]


def read_one(process: Process) -> object:
    """Wait until it has started the other one; the end of the block waits for it."""
    return process.stdout.read(1)


@pytest.mark.parametrize("wait", [Process.communicate, Process.wait, lambda process: process.stdout.read(), read_one])
def test_waiting_has_a_limit(wait: Callable[[Process], object]) -> None:
    with (
        pytest.raises(AssertionError, match=r"not ended after 0\.2 s: sh -c sleep"),
        running(ENDLESS, limit=0.2, stdout=subprocess.PIPE) as process,
    ):
        wait(process)


def test_a_command_and_a_terminal_have_a_limit() -> None:
    for call in (run_to_end, on_a_terminal):
        with pytest.raises(AssertionError, match=r"not ended after 0\.2 s"):
            call(ENDLESS, *(["stdout"] if call is on_a_terminal else []), limit=0.2)


def test_what_never_comes_is_not_waited_for(tmp_path: Path) -> None:
    """Neither after the end of the process, nor while it goes on; nor is a pipe that it never opens."""
    os.mkfifo(tmp_path / "pipe")
    with running(["sh", "-c", "exit 3"]) as process, pytest.raises(AssertionError, match="ended with exit code 3"):
        open_pipe(tmp_path / "pipe", process)
    with pytest.raises(AssertionError, match=r"still not after 0\.1 s"), running(ENDLESS) as process:
        wait_for(lambda: False, process, limit=0.1)
    with read_beside(tmp_path / "pipe") as written:
        pass
    assert written.result() == b""


def test_what_comes_as_the_process_ends_has_come(tmp_path: Path) -> None:
    with running(["sh", "-c", "echo > made"], cwd=tmp_path) as process:
        time.sleep(0.05)
        wait_for((tmp_path / "made").exists, process)
