"""Workers as processes of this machine, each of which may die without harm to the others."""

from __future__ import annotations

import pickle
from contextlib import suppress
from functools import cache
from mmap import mmap
from multiprocessing.connection import Connection, wait
from queue import SimpleQueue
from time import monotonic
from typing import Any

from pairlens.jobs.cluster.child import Child, receive, why_dead, work_file
from pairlens.jobs.cluster.work import Died, Do, Outcome, Work, outcome_of

_WAIT = 0.2  # seconds
_TO_SAVE = 20.0  # seconds that a worker has after SIGTERM


class LocalPool:
    """A `scheduler.Pool` of processes, started when they are needed, and again when they have died."""

    def __init__(self, work: Work, workers: int) -> None:
        self.workers = workers
        self._work = work_file(work)
        self._processes: list[_Worker] = []

    @property
    def free(self) -> int:
        return self.workers - sum(worker.task is not None for worker in self._processes)

    def submit(self, task: int) -> None:
        worker = next((worker for worker in self._processes if worker.task is None), None)
        if worker is None:
            worker = _Worker(__name__, "serve", self._work)
            self._processes.append(worker)
        worker.begin(task)

    def wait(self) -> list[Outcome]:
        busy = {worker.connection: worker for worker in self._processes if worker.task is not None}
        ready = wait(list(busy), _WAIT)
        return [self._outcome(worker) for connection, worker in busy.items() if connection in ready]

    def close(self) -> None:
        """End the workers by SIGTERM, which gives them time to save, then by SIGKILL."""
        for worker in self._processes:
            worker.terminate()
        deadline = monotonic() + _TO_SAVE
        for worker in self._processes:
            worker.end(max(deadline - monotonic(), 0))
        self._processes.clear()
        self._work.close()

    def _outcome(self, worker: _Worker) -> Outcome:
        """The outcome of a worker's task; its connection has something to read, or has ended."""
        task, worker.task = worker.task, None
        assert task is not None
        try:
            outcome: Outcome = worker.connection.recv()
        except (EOFError, OSError):
            self._processes.remove(worker)
            return Died(task, why_dead(worker.end(1.0)))  # the connection of a dying process ends a moment before it
        return outcome


class _Worker(Child):
    """A process and what it is doing; `task` is None if nothing."""

    task: int | None = None

    def begin(self, task: int) -> None:
        self.task = task
        with suppress(OSError):  # it has died, which its connection reports to `wait`
            self.connection.send(task)


def serve(connection: Connection[Any, Any], pickled: mmap) -> None:
    """In a worker: do the tasks whose numbers come, and answer each with its outcome."""
    tasks: SimpleQueue[int] = SimpleQueue()
    receive(connection, tasks.put)

    @cache
    def prepared() -> Do:
        work: Work = pickle.loads(pickled)  # noqa: S301  (pickled by the process that started this one)
        return work.prepare()

    while True:
        connection.send(outcome_of(prepared, tasks.get()))
