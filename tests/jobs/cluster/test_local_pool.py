"""Processes of this machine as workers: real ones, which are killed in the midst of their tasks."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path

import pytest
from cluster_works import Writes, prepared, results
from process_trees import is_running, wait_until
from running import running, wait_for

from pairlens.errors import ConfigError, DataError, PairlensError
from pairlens.jobs.cluster.run import Listener, run_work
from pairlens.jobs.cluster.scheduler import Progress
from pairlens.jobs.cluster.work import WorkerTraceback


class Shown(Listener):
    """Keeps the last progress."""

    last: Progress

    def running(self, progress: Progress, noun: str) -> AbstractContextManager[Callable[[Progress], object]]:
        assert (progress.done, noun) == (0, "task")
        return nullcontext(lambda progress: setattr(self, "last", progress))


def test_tasks_are_done_by_few_processes_which_prepare_once(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_work(Writes(tmp_path), range(20), "local", 2, 0, Listener())
    assert results(tmp_path) == {task: f"result {task}\n" for task in range(20)}
    assert len(prepared(tmp_path)) == 2
    assert not any(map(is_running, prepared(tmp_path)))
    assert capfd.readouterr() == ("", "")  # what workers write does not mix into the command's streams


def test_workers_killed_at_random_moments_cost_their_task_a_retry(tmp_path: Path) -> None:
    shown, killed, random_ = Shown(), set[int](), random.Random(1)

    def kill_one() -> bool:
        alive = sorted(prepared(tmp_path) - killed)
        if alive and len(killed) < 5 and random_.random() < 0.5:
            victim = random_.choice(alive)
            with suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
            killed.add(victim)
        return False

    assert run_work(Writes(tmp_path, 0.05), range(40), "local", 2, 40, shown, stop=kill_one)
    assert results(tmp_path) == {task: f"result {task}\n" for task in range(40)}
    assert len(killed) == 5
    assert shown.last[:3] == (40, 40, sum(range(40)))
    assert shown.last.retries >= 1


@pytest.mark.parametrize(
    ("task", "error", "message"),
    [
        (1000, DataError, "q.txt:3:1: not an integer"),
        (1001, ConfigError, "a.yaml:1: one\na.yaml:2: two"),
        (1002, PairlensError, "unexpected UnpicklableError: x and y; run it again with --debug for a traceback"),
        (1003, PermissionError, "[Errno 13] Permission denied: 'scores.txt'"),
    ],
)
def test_an_exception_in_a_task_is_raised_here(tmp_path: Path, task: int, error: type[Exception], message: str) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011
        run_work(Writes(tmp_path), [task], "local", 1, 3, Listener())
    assert (type(caught.value), str(caught.value)) == (error, message)
    assert isinstance(caught.value.__cause__, WorkerTraceback)
    assert "in fail\n" in str(caught.value.__cause__)


@pytest.mark.parametrize(
    ("task", "reason"),
    [(1004, "was killed by SIGKILL, as the system does when memory runs out"), (1005, "ended with exit code 7")],
)
def test_a_task_that_always_kills_its_worker_is_given_up_with_the_reason(
    tmp_path: Path, task: int, reason: str
) -> None:
    with pytest.raises(PairlensError, match=f"^shard {task}: its worker died 2 times; the last one {reason}"):
        run_work(Writes(tmp_path), [task], "local", 1, 1, Listener(), "shard")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_workers_end_with_the_process_that_started_them(tmp_path: Path, number: signal.Signals) -> None:
    program = f"import sys; sys.path[:] = {sys.path!r}\n"
    program += "from pathlib import Path; from cluster_works import Writes\n"
    program += "from pairlens.jobs.cluster.run import Listener, run_work\n"
    program += f"run_work(Writes(Path({str(tmp_path)!r}), 300.0), range(4), 'local', 2, 0, Listener())"
    with running([sys.executable, "-c", program], stderr=subprocess.DEVNULL) as driver:
        wait_for(lambda: len(list(tmp_path.glob("began-*"))) == 2, driver)
        driver.send_signal(number)
        driver.wait()
        wait_until(lambda: not any(map(is_running, prepared(tmp_path))), 10)
    assert len(prepared(tmp_path)) == 2
