"""Ray as the workers, started once: what it does differently from processes of this machine must not show."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from cluster_works import Writes, prepared, results
from process_trees import descendants, is_running, wait_until

from pairlens.errors import DataError, PairlensError, UsageError
from pairlens.jobs.cluster.ray_pool import one_line
from pairlens.jobs.cluster.remote_pool import RemotePool
from pairlens.jobs.cluster.run import refuse_cluster
from pairlens.jobs.cluster.scheduler import Progress, Scheduler


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ray")


@pytest.fixture(scope="module")
def pool(folder: Path) -> Iterator[RemotePool]:
    before = descendants(os.getpid())
    pool = RemotePool(Writes(folder, 0.05), "ray", 2, 1)
    started = descendants(os.getpid()) - before
    assert len(started) > 2
    with closing(pool):
        yield pool
    wait_until(lambda: not any(map(is_running, started | prepared(folder))))  # a Ray that was started here ends


def test_each_task_counts_once_though_workers_are_killed(
    pool: RemotePool, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    killed, random_, seen = set[int](), random.Random(1), list[Progress]()

    def kill_one() -> bool:
        alive = sorted(prepared(folder) - killed)
        if alive and len(killed) < 4 and random_.random() < 0.3:
            killed.add(victim := random_.choice(alive))
            if is_running(victim):
                os.kill(victim, signal.SIGKILL)
        return False

    assert Scheduler(pool, range(40), retries=40).run(seen.append, stop=kill_one)
    assert results(folder) == {task: f"result {task}\n" for task in range(40)}
    assert seen[-1][:4] == (40, 40, sum(range(40)), 2)
    assert seen[-1].retries >= 1
    assert len(prepared(folder)) <= 2 + len(killed)  # once in each process, not once for each task
    assert capfd.readouterr() == ("", "")


def test_an_exception_in_a_task_is_raised_here(pool: RemotePool) -> None:
    with pytest.raises(DataError, match=r"^q\.txt:3:1: not an integer$") as caught:
        Scheduler(pool, [1000], retries=3).run(lambda _: None)
    assert "in fail\n" in str(caught.value.__cause__)


def test_a_task_that_always_kills_its_worker_is_given_up(pool: RemotePool) -> None:
    with pytest.raises(PairlensError, match=r"^task 1004: its worker died 2 times; the last one died, as it does when"):
        Scheduler(pool, [1004], retries=1).run(lambda _: None)


def test_a_lost_cluster_is_one_message(pool: RemotePool) -> None:
    """The last test that uses Ray: it kills Ray's own process on this machine, and tasks would wait for it for ever."""
    [raylet] = [pid for pid in descendants(os.getpid()) if "/raylet/raylet" in Path(f"/proc/{pid}/cmdline").read_text()]

    def kill_raylet() -> bool:
        with suppress(ProcessLookupError):
            os.kill(raylet, signal.SIGKILL)
        return False

    with pytest.raises(PairlensError, match=r"^--cluster ray: the cluster was lost \(.*\)\. What is finished is kept"):
        Scheduler(pool, range(100, 2000), retries=3).run(lambda _: None, stop=kill_raylet)


def test_a_cluster_that_is_not_there_is_one_message(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    with pytest.raises(PairlensError, match=r"^--cluster auto: .*Connection refused$"):
        RemotePool(Writes(tmp_path), "auto", None, 1)


def test_messages_of_ray_become_one_line() -> None:
    """As Ray 2.60 words them: another version at the other end, and an exception outside of our own code."""

    class RayTaskError(Exception):
        pass

    mismatch = "Version mismatch: The cluster was started with:\n    Ray: 2.50.0\n    Python: 3.11.9\nThis process ..."
    assert one_line(RuntimeError(mismatch)) == (
        "Version mismatch: The cluster was started with: Ray: 2.50.0 Python: 3.11.9 This process ..."
    )
    traceback = "ray::_do() (pid=1, ip=192.0.2.2)\n  File ...\nModuleNotFoundError: No module named 'pairlens'"
    assert one_line(RayTaskError(traceback)) == "ModuleNotFoundError: No module named 'pairlens'"
    assert one_line(ConnectionError()) == "ConnectionError"


def test_other_clusters_are_refused() -> None:
    with pytest.raises(PairlensError, match=r"^--cluster dask: choose local, ray, auto or ray://HOST:PORT$"):
        refuse_cluster("dask")


def test_without_ray_its_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pairlens.packages.find_spec", lambda _: None)
    refuse_cluster("local")
    with pytest.raises(
        UsageError, match=r"^--cluster ray needs ray, which is not installed: pip install 'pairlens\[ray\]'$"
    ):
        refuse_cluster("ray")
