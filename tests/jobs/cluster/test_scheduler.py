"""The scheduler with a pool on a clock of its own: no task is lost and none counts twice, whatever dies."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairlens.errors import DataError, PairlensError
from pairlens.jobs.cluster.scheduler import Progress, Scheduler
from pairlens.jobs.cluster.work import Died, Done, Failed, Outcome, WorkerTraceback


class FakePool:
    """Tasks take random times. Some workers die, and of these some finish all the same, later, with the same result.

    Args:
        deadly: the share of attempts in which the worker dies.
        slow: the share of attempts that take 100 times as long.
    """

    def __init__(self, workers: int, seed: int = 0, deadly: float = 0.0, slow: float = 0.0) -> None:
        self.workers = workers
        self.clock = 0.0
        self.attempts: Counter[int] = Counter()
        self.most_at_once = 0
        self._random, self._deadly, self._slow = random.Random(seed), deadly, slow
        self._running: list[tuple[float, Outcome]] = []  # when it ends, and how
        self._ghosts: list[tuple[float, Outcome]] = []  # of attempts that were reported as dead

    @property
    def free(self) -> int:
        return self.workers - len(self._running)

    def submit(self, task: int) -> None:
        assert self.free > 0
        self.attempts[task] += 1
        ends = self.clock + self._random.random() * (100 if self._random.random() < self._slow else 1)
        dies = self._random.random() < self._deadly
        self._running.append((ends, Died(task, "was killed") if dies else Done(task, task)))
        self.most_at_once = max(self.most_at_once, len(self._running))
        if dies and self._random.random() < 0.5:
            self._ghosts.append((ends + self._random.random() * 10, Done(task, task)))

    def wait(self) -> list[Outcome]:
        self.clock += 0.05
        ended = [one for one in self._running + self._ghosts if one[0] <= self.clock]
        self._running = [one for one in self._running if one[0] > self.clock]
        self._ghosts = [one for one in self._ghosts if one[0] > self.clock]
        return [outcome for _, outcome in sorted(ended, key=lambda one: one[0])]

    def close(self) -> None:
        pass


def last_progress(pool: FakePool, tasks: range, retries: int = 3) -> Progress:
    """The progress when all tasks are done; on the way, it never falls."""
    seen = [Progress(0, 0, 0, 0, 0)]

    def report(progress: Progress) -> None:
        assert progress >= seen[-1]
        seen.append(progress)

    assert Scheduler(pool, tasks, retries).run(report)
    return seen[-1]


def test_each_of_10000_tasks_counts_once_with_stragglers_and_dying_workers() -> None:
    pool = FakePool(workers=50, deadly=0.01, slow=0.01)
    progress = last_progress(pool, range(10_000))
    assert progress[:4] == (10_000, 10_000, sum(range(10_000)), 50)
    assert set(pool.attempts) == set(range(10_000))
    assert 50 < progress.retries < 200
    assert pool.most_at_once == 50


@given(seed=st.integers(0, 10_000), tasks=st.integers(0, 40), workers=st.integers(1, 8), deadly=st.floats(0, 0.5))
def test_each_task_counts_once_in_any_schedule(seed: int, tasks: int, workers: int, deadly: float) -> None:
    pool = FakePool(workers, seed, deadly, slow=0.1)
    progress: list[Progress] = []
    assert Scheduler(pool, range(tasks), retries=1000).run(progress.append)
    if tasks:
        assert progress[-1][:3] == (tasks, tasks, sum(range(tasks)))


def test_a_straggler_holds_up_no_other_task() -> None:
    """99 tasks of half a second on average take the other 9 workers about 6 seconds; the straggler takes 50."""

    class OneStraggler(FakePool):
        def submit(self, task: int) -> None:
            self._slow = 1.0 if task == 0 else 0.0
            super().submit(task)

    pool = OneStraggler(workers=10, seed=2)
    done: list[tuple[float, int]] = []
    Scheduler(pool, range(100), 0).run(lambda progress: done.append((pool.clock, progress.done)))
    assert next(clock for clock, count in done if count == 99) < 10 < pool.clock


def test_a_task_is_tried_as_often_as_retries_says() -> None:
    pool = FakePool(workers=2, deadly=1.0)
    with pytest.raises(PairlensError) as caught:
        Scheduler(pool, [7], retries=2, noun="shard").run(lambda _: None)
    assert pool.attempts[7] == 3
    assert str(caught.value) == (
        "shard 7: its worker died 3 times; the last one was killed. What is finished is kept; the same command goes on "
        "from there"
    )
    assert caught.value.exit_code == 1


def test_an_exception_in_a_task_ends_everything_and_is_not_tried_again() -> None:
    class Faulty(FakePool):
        def wait(self) -> list[Outcome]:
            return [Failed(DataError("q.txt:3:1: not an integer"), "Traceback ...")]

    pool = Faulty(workers=1)
    with pytest.raises(DataError, match=r"^q\.txt:3:1: not an integer$") as caught:
        Scheduler(pool, range(5), 3).run(lambda _: None)
    assert pool.attempts == {0: 1}
    assert isinstance(caught.value.__cause__, WorkerTraceback)
    assert "Traceback ..." in str(caught.value.__cause__)


def test_a_scheduler_stops_when_it_is_told_to() -> None:
    pool = FakePool(workers=1)
    assert not Scheduler(pool, range(1000), 0).run(lambda _: None, stop=lambda: pool.clock > 5)
    assert 0 < len(pool.attempts) < 30
