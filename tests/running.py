"""Starting processes in tests so that no test can hang: each has a time limit, and none outlives its block."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Timer
from typing import IO, Any, TypeVar

Command = Sequence[str | Path]
Process = subprocess.Popen[Any]  # noqa: TID251
T = TypeVar("T")

LIMIT = 180.0  # seconds, several times what the slowest command takes on a busy machine


@contextmanager
def running(command: Command, *, limit: float = LIMIT, **options: Any) -> Iterator[Process]:
    """A process that the end of the block waits for; it is killed at once if the block raises.

    After `limit` seconds it is killed, so that reading from it ends and so does waiting for it, and the block fails.
    Killing it also kills the processes that it has started, which may hold its pipes open.
    """
    process = subprocess.Popen(command, start_new_session=True, **options)  # noqa: TID251
    late = Event()

    def kill() -> None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    def end() -> None:
        late.set()
        kill()

    timer = Timer(limit, end)
    timer.start()
    try:
        with process:
            try:
                yield process
            except BaseException:
                kill()
                raise
    finally:
        timer.cancel()
        kill()  # what it has left running
        assert not late.is_set(), f"not ended after {limit:g} s: {' '.join(map(str, command))}"


def run_to_end(
    command: Command, *, stdin: Any = None, check: bool = False, limit: float = LIMIT, **options: Any
) -> subprocess.CompletedProcess[Any]:
    """As `subprocess.run`, with a limit; `stdin` may be the input itself, as a string."""
    words = stdin if isinstance(stdin, str) else None
    stdin = stdin if words is None else subprocess.PIPE
    if options.pop("capture_output", False):
        options |= {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with running(command, limit=limit, stdin=stdin, **options) as process:
        stdout, stderr = process.communicate(words)
    assert not check or process.returncode == 0, (process.returncode, stdout, stderr)
    return subprocess.CompletedProcess(command, process.returncode, stdout, stderr)


def after(code: str, command: Command) -> list[str | Path]:
    """The command, run by a process that first executes lines of Python.

    This replaces `preexec_fn` and forks, which would run Python in a copy of a process with threads: it hangs if one of
    them held a lock.
    """
    return [sys.executable, "-ISc", f"import os, sys\n{code}\nos.execvp(sys.argv[1], sys.argv[1:])", *command]


def wait_for(condition: Callable[[], T], process: Process, limit: float = 120.0) -> T:
    """Return what the condition returns as soon as that is true; fail if the process ends before."""
    deadline = time.monotonic() + limit
    while True:
        ended = process.poll()  # before the condition, which may become true as the process ends
        if result := condition():
            return result
        assert ended is None, f"ended with exit code {ended}"
        assert time.monotonic() < deadline, f"still not after {limit:g} s"
        time.sleep(0.002)


def interrupt(process: Process, number: int) -> None:
    """Send a signal to a process that may be about to read from a pipe, and wait until it ends.

    Python looks at signals between operations. One that comes after that look and before a read that waits is only seen
    when another one ends the read, so it is sent again.
    """
    process.send_signal(number)
    while True:
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
            return
        process.send_signal(number)


def open_pipe(path: Path, process: Process) -> IO[str]:
    """Open a named pipe for writing once the process has opened it for reading."""

    def opened() -> list[int]:
        try:
            return [os.open(path, os.O_WRONLY | os.O_NONBLOCK)]
        except OSError:  # nobody reads
            return []

    [descriptor] = wait_for(opened, process)
    os.set_blocking(descriptor, True)
    return os.fdopen(descriptor, "w")


@contextmanager
def read_beside(path: Path) -> Iterator[Future[bytes]]:
    """Read, beside the block, what others write into a named pipe within it."""
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    writer = os.open(path, os.O_WRONLY)  # without one, reading would end at once
    os.set_blocking(reader, True)
    with ThreadPoolExecutor() as pool, os.fdopen(reader, "rb") as pipe:
        written = pool.submit(pipe.read)
        try:
            yield written
        finally:
            os.close(writer)


def on_a_terminal(command: Command, *streams: str, **options: Any) -> tuple[int, bytes]:
    """The exit code of a command, and what it prints on `streams` if they are a terminal."""
    ours, theirs = os.openpty()
    said = b""
    with running(command, **dict.fromkeys(streams, theirs), **options) as process:
        os.close(theirs)
        with suppress(OSError):  # Linux reports a closed other end this way
            while part := os.read(ours, 4096):
                said += part
    os.close(ours)
    return process.returncode, said
