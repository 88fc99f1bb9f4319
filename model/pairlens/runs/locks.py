"""Locks on a file, and on a directory by its lock file: one process at a time."""

from __future__ import annotations

import errno
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pairlens.descriptors import lock
from pairlens.errors import UsageError
from pairlens.runs.names import LOCK

_NO_LOCKS = {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}


def open_locked(path: Path) -> int:
    """Open a file for reading and writing, created if missing, with an exclusive lock; return its descriptor.

    The kernel releases the lock when the descriptor is closed or the process ends. On a network file system it works
    between machines where flock(2) does (NFS 4, and NFS 3 with its lock service); on a file system without locks the
    file is opened unlocked.

    Raises:
        BlockingIOError: another process holds the lock.
        OSError: the file cannot be opened, is a link, or cannot be locked for another reason.
        UsageError: it is no regular file, or has a second name (a hard link), under which it may be another file.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o666)
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
        os.close(descriptor)
        raise UsageError(f"{path}: is no regular file, or has a second name; nothing is written to it, so remove it")
    try:
        lock(descriptor)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            os.close(descriptor)
            raise
    return descriptor


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Hold the directory's lock during the block; the directory is created if it is missing.

    The lock file of a process that has ended locks nothing.

    Raises:
        UsageError: another process holds the lock; the message names it and its host.
    """
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / LOCK
    descriptor = _open_lock_file(path)
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)
        yield
    finally:
        path.unlink(missing_ok=True)  # while locked: see _open_lock_file
        os.close(descriptor)


def is_lock(path: Path) -> bool:
    """True if a file is a lock file made by `locked`, whether it is locked or not."""
    try:
        return path.is_file() and not path.is_symlink() and path.read_bytes()[:8] in (b"", b"process ")
    except OSError:
        return False


def _open_lock_file(path: Path) -> int:
    while True:
        try:
            descriptor = open_locked(path)
        except BlockingIOError:
            raise UsageError(
                f"{path.parent}: {_holder(path)} is training there; wait for it, stop it, or choose another directory"
            ) from None
        # The last holder may have removed the file between open and lock: then this lock is on a deleted file.
        try:
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        except FileNotFoundError:
            pass
        os.close(descriptor)


def _holder(path: Path) -> str:
    """The holder's description of itself in its lock file, as far as it was written."""
    try:
        with path.open("rb") as file:
            return file.read(200).decode(errors="replace").strip() or "another process"
    except OSError:
        return "another process"
