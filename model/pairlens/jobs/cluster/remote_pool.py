"""Workers of a Ray cluster, which a process of its own talks to (ray_pool.py)."""

from __future__ import annotations

from typing import Any

from pairlens.errors import PairlensError
from pairlens.jobs.cluster.child import Child, work_file
from pairlens.jobs.cluster.work import Failed, Outcome, Work, lost_cluster

_WAIT = 0.2  # seconds
_TO_JOIN = 90.0  # seconds that Ray has to start, or to answer; it would wait longer for a cluster that has ended
_TO_END = 20.0  # seconds that Ray has to stop


class RemotePool:
    """A `scheduler.Pool` of a Ray cluster.

    Ray changes signal handlers, writes to stdout, and may end the process that uses it when it loses its cluster.
    Therefore it is used in another process.

    Args:
        cluster: `ray` to start Ray on this machine; `auto`, or `ray://HOST:PORT`, to join a cluster.
        workers: how many tasks run at the same time; None for as many as there are processors for.
        processors: how many processors a task uses.

    Raises:
        PairlensError: Ray cannot be started or joined.
        UsageError: no machine of the cluster has enough processors for a task.
    """

    def __init__(self, work: Work, cluster: str, workers: int | None, processors: int) -> None:
        self._cluster = cluster
        self._work = work_file(work)
        self._child = Child("pairlens.jobs.cluster.ray_pool", "serve", self._work, cluster, workers, processors)
        self._running = 0
        try:
            self.workers = self._join()
        except BaseException:
            self.close()
            raise

    @property
    def free(self) -> int:
        return self.workers - self._running

    def submit(self, task: int) -> None:
        try:
            self._child.connection.send(task)
        except OSError:
            raise self._lost() from None
        self._running += 1

    def wait(self) -> list[Outcome]:
        outcomes: list[Outcome] = []
        while self._child.connection.poll(0 if outcomes else _WAIT):
            outcomes.append(self._receive())
        self._running -= len(outcomes)
        return outcomes

    def close(self) -> None:
        self._child.terminate()
        self._child.end(_TO_END)
        self._work.close()

    def _join(self) -> int:
        """Wait until the child has joined the cluster; return the number of workers."""
        if not self._child.connection.poll(_TO_JOIN):
            raise PairlensError(f"--cluster {self._cluster}: Ray has not answered for {_TO_JOIN:.0f} s")
        joined: int | Failed = self._receive()
        if isinstance(joined, Failed):
            joined.reraise()
        return joined

    def _receive(self) -> Any:
        try:
            return self._child.connection.recv()
        except (EOFError, OSError):
            raise self._lost() from None

    def _lost(self) -> PairlensError:
        return lost_cluster(self._cluster, "Ray ended unexpectedly")
