"""A worker process on this machine: does the tasks that it receives until the process that started it ends."""

from __future__ import annotations

import mmap
import os
import pickle
import threading
from functools import cache
from multiprocessing.connection import Connection
from queue import SimpleQueue

from pairlens.jobs.cluster.work import Do, Work, outcome_of


def serve(pipe: int, work: int) -> None:
    """Do the tasks whose numbers come through a pipe, and answer each with its outcome.

    Args:
        pipe: descriptor of a two-way pipe. When its other end closes, by whatever death, this process ends at once.
        work: descriptor of a file with the pickled work.
    """
    connection: Connection[object, int] = Connection(pipe)
    tasks: SimpleQueue[int] = SimpleQueue()
    threading.Thread(target=_receive, args=(connection, tasks), daemon=True).start()

    @cache
    def prepared() -> Do:
        return _read(work).prepare()

    while True:
        connection.send(outcome_of(prepared, tasks.get()))


def _receive(connection: Connection[object, int], tasks: SimpleQueue[int]) -> None:
    """Queue the tasks that come; in a thread, so that the end of the pipe is noticed in the midst of a task."""
    try:
        while True:
            tasks.put(connection.recv())
    except (EOFError, OSError):
        os._exit(0)


def _read(descriptor: int) -> Work:
    with mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) as content:  # the workers share the file's position
        work: Work = pickle.loads(content)  # noqa: S301  (pickled by the process that started this one)
        return work
