"""A process of ours, the pipe to it, and the file that it reads its work from."""

from __future__ import annotations

import mmap
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe
from typing import IO, Any

from pairlens.jobs.cluster.work import Work

_SIGNALS = {int(number): number.name for number in signal.Signals}


class Child:
    """A new Python interpreter that calls a function.

    It is no fork, which would inherit locks that threads hold. Its standard streams lead nowhere, and Ctrl-C at the
    terminal does not reach it.

    Args:
        module, function: what to call, as `function(connection, pickled, *arguments)`; `pickled` is the content of the
            file.
        work: a file made by `work_file`.

    Attributes:
        connection: this process's end of the pipe.
    """

    def __init__(self, module: str, function: str, work: IO[bytes], *arguments: Any) -> None:
        self.connection: Connection[Any, Any]
        self.connection, theirs = Pipe()
        with theirs:
            ends = (theirs.fileno(), work.fileno())
            program = f"from {__name__} import run; run({module!r}, {function!r}, {ends!r}, {arguments!r})"
            self._process = subprocess.Popen(  # noqa: S603  (this interpreter)
                [sys.executable, "-P", "-c", program],
                env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=ends,
                start_new_session=True,
            )

    def terminate(self) -> None:
        """Ask the process to end; `end` waits for it."""
        self._process.terminate()

    def end(self, seconds: float) -> int:
        """End the process, with force unless it ends within some seconds.

        Returns:
            its exit code, or minus the number of the signal that killed it.
        """
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        self.connection.close()
        self._process.kill()
        return self._process.wait()


def why_dead(code: int) -> str:
    """What happened to a process, by what `Child.end` returned; completes "its worker ..."."""
    if code == -signal.SIGKILL:
        return "was killed by SIGKILL, as the system does when memory runs out"
    return f"was killed by {_SIGNALS.get(-code, f'signal {-code}')}" if code < 0 else f"ended with exit code {code}"


def work_file(work: Work) -> IO[bytes]:
    """A temporary file, without a name, of the pickled work."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  (closed by the caller)
    pickle.dump(work, file)
    file.flush()
    return file


def run(module: str, function: str, ends: tuple[int, int], arguments: tuple[Any, ...]) -> None:
    """In the child: call its function."""
    from importlib import import_module

    connection, work = ends
    content = mmap.mmap(work, 0, access=mmap.ACCESS_READ)  # the children share the position of the file
    getattr(import_module(module), function)(Connection(connection), content, *arguments)


def receive(
    connection: Connection[Any, Any], take: Callable[[int], object], end: Callable[[], object] = lambda: os._exit(0)
) -> None:
    """In the child: take the numbers of tasks in a thread, and `end` this process there when the parent ends."""

    def follow() -> None:
        try:
            while True:
                take(connection.recv())
        except (EOFError, OSError):
            end()

    threading.Thread(target=follow, daemon=True).start()
