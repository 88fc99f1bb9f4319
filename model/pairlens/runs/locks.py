"""One process at a time in a directory."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pairlens.errors import UsageError

LOCK = ".lock"


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Hold the directory's lock for the block; the directory is made if it is missing.

    The kernel holds it for the process and drops it with the process, however that ends: a lock file that was left
    behind locks nothing. On a network file system it holds between machines where flock does (NFS 4, and NFS 3 with
    its lock service); a file system that has no locks is used without one.

    Raises:
        UsageError: another process holds it; says which, on which host.
    """
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / LOCK
    descriptor = _open_locked(path)
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)
        yield
    finally:
        path.unlink(missing_ok=True)  # while it is held: see below
        os.close(descriptor)


def _open_locked(path: Path) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 200, 0).decode(errors="replace").strip() or "another process"
            os.close(descriptor)
            raise UsageError(
                f"{path.parent}: {holder} is training there; wait for it, stop it, or choose another directory"
            ) from None
        except OSError:
            return descriptor  # no locks here
        # Between the two calls the last holder may have removed the file: then the lock is one of nothing.
        try:
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        except FileNotFoundError:
            pass
        os.close(descriptor)
