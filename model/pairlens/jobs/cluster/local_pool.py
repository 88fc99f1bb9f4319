"""Workers as processes of this machine, each of which may die without harm to the others."""

from __future__ import annotations

import pickle
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe, wait
from time import monotonic

from pairlens.jobs.cluster.work import Died, Outcome, Work

_WAIT = 0.2  # seconds
_TO_SAVE = 20.0  # seconds that a worker has after SIGTERM
_SERVE = (
    "import sys; sys.path[:] = {path!r}; from pairlens.jobs.cluster.local_worker import serve; serve({pipe}, {work})"
)


class LocalPool:
    """A `scheduler.Pool` of processes, started when they are needed, and again when they have died.

    They are new interpreters: a fork would inherit locks that threads hold. Their standard streams lead nowhere, and
    Ctrl-C at the terminal does not reach them.
    """

    def __init__(self, work: Work, workers: int) -> None:
        self.workers = workers
        self._work = tempfile.TemporaryFile()  # noqa: SIM115  (closed by `close`)
        pickle.dump(work, self._work)
        self._work.flush()
        self._processes: list[_Worker] = []

    @property
    def free(self) -> int:
        return self.workers - sum(worker.task is not None for worker in self._processes)

    def submit(self, task: int) -> None:
        worker = next((worker for worker in self._processes if worker.task is None), None)
        if worker is None:
            worker = _Worker(self._work.fileno())
            self._processes.append(worker)
        worker.begin(task)

    def wait(self) -> list[Outcome]:
        busy = {worker.connection: worker for worker in self._processes if worker.task is not None}
        return [self._outcome(busy[ready]) for ready in wait(list(busy), _WAIT) if isinstance(ready, Connection)]

    def close(self) -> None:
        """End the workers by SIGTERM, which gives them time to save, then by SIGKILL."""
        for worker in self._processes:
            worker.process.terminate()
        deadline = monotonic() + _TO_SAVE
        for worker in self._processes:
            with suppress(subprocess.TimeoutExpired):
                worker.process.wait(max(deadline - monotonic(), 0))
            worker.end()
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
            return Died(task, _reason(worker.end()))
        return outcome


class _Worker:
    """A process and the pipe to it; `task` is what it is doing, None if nothing."""

    def __init__(self, work: int) -> None:
        self.task: int | None = None
        self.connection, theirs = Pipe()
        with theirs:
            program = _SERVE.format(path=sys.path, pipe=theirs.fileno(), work=work)
            self.process = subprocess.Popen(  # noqa: S603  (this interpreter)
                [sys.executable, "-c", program],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(), work),
                start_new_session=True,
            )

    def begin(self, task: int) -> None:
        self.task = task
        with suppress(OSError):  # it has died, which its connection reports to `wait`
            self.connection.send(task)

    def end(self) -> int:
        """End the process if it has not ended; return its exit code, or minus the number of a signal."""
        self.connection.close()
        with suppress(subprocess.TimeoutExpired):
            return self.process.wait(1)  # a process that dies closes its connection a moment before
        self.process.kill()
        return self.process.wait()


def _reason(code: int) -> str:
    """Complete "its worker ..."."""
    if code == -signal.SIGKILL:
        return "was killed by SIGKILL, as the system does when memory runs out"
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
