"""Hands tasks to the workers of a pool until each task is done once."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

from pairlens.errors import PairlensError
from pairlens.jobs.cluster.work import Died, Done, Failed, Outcome


class Pool(Protocol):
    """Workers that do tasks. Every task submitted has an outcome in the end."""

    @property
    def workers(self) -> int:
        """How many tasks can run at the same time."""

    @property
    def free(self) -> int:
        """How many tasks may be submitted now."""

    def submit(self, task: int) -> None:
        """Let a worker do a task."""

    def wait(self) -> list[Outcome]:
        """Wait a moment for tasks to end, and return the outcomes since the last call; there may be none."""

    def close(self) -> None:
        """End the workers, whatever they are doing."""


class Progress(NamedTuple):
    """How far the tasks are; `retries` counts the workers that died and cost a task another attempt."""

    done: int
    tasks: int
    pairs: int
    workers: int
    retries: int


class Scheduler:
    """Does tasks in a pool.

    A task whose worker died is given to another one; an exception in a task ends everything. However often a task is
    reported as done, it counts once.

    Args:
        tasks: the numbers of the tasks, each once.
        retries: how often a task is tried again because its worker died.
        noun: what a task is called in messages.
    """

    def __init__(self, pool: Pool, tasks: Iterable[int], retries: int, noun: str = "task") -> None:
        self._pool, self._retries, self._noun = pool, retries, noun
        self._waiting = deque(tasks)
        self._tasks = len(self._waiting)
        self._pairs: dict[int, int] = {}  # of each task that is done
        self._deaths: Counter[int] = Counter()

    @property
    def progress(self) -> Progress:
        pairs = sum(self._pairs.values())
        return Progress(len(self._pairs), self._tasks, pairs, self._pool.workers, self._deaths.total())

    def run(self, report: Callable[[Progress], object], stop: Callable[[], bool] = lambda: False) -> bool:
        """Do the tasks; `report` and `stop` are called every time the pool has been waited for.

        Returns:
            whether all tasks are done; False if `stop` returned True before.

        Raises:
            PairlensError: the worker of one task died more often than `retries` allows.
            Exception: what a task raised; its cause is the worker's traceback.
        """
        while len(self._pairs) < self._tasks:
            if stop():
                return False
            self._hand_out()
            for outcome in self._pool.wait():
                self._take(outcome)
            report(self.progress)
        return True

    def _hand_out(self) -> None:
        while self._waiting and self._pool.free > 0:
            task = self._waiting.popleft()
            if task not in self._pairs:  # else a worker that was believed dead has done it
                self._pool.submit(task)

    def _take(self, outcome: Outcome) -> None:
        match outcome:
            case Failed():
                outcome.reraise()
            case Done(task, pairs):
                self._pairs.setdefault(task, pairs)
            case Died(task, reason) if task not in self._pairs:
                self._deaths[task] += 1
                if self._deaths[task] > self._retries:
                    raise PairlensError(self._given_up(task, reason))
                self._waiting.appendleft(task)

    def _given_up(self, task: int, reason: str) -> str:
        times = self._deaths[task]
        first = "its worker" if times == 1 else f"its worker died {times} times; the last one"
        return f"{self._noun} {task}: {first} {reason}. What is finished is kept; the same command goes on from there"
