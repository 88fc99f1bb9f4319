"""One process at a time: in a file, and by its lock file in a directory."""

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
    """The descriptor of a file to read and write, made if it is not there, that no other process gets from here.

    The kernel holds the lock for the process and drops it with the descriptor or the process, however that ends. On a
    network file system it holds between machines where flock does (NFS 4, and NFS 3 with its lock service); a file
    system that has no locks is used without one.

    Raises:
        BlockingIOError: another process holds the lock.
        OSError: the file cannot be opened, is a link, or cannot be locked for another reason.
        UsageError: it is no regular file, or has another name besides, under which it may be somebody's own.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o666)
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
        os.close(descriptor)
        raise UsageError(f"{path}: is not a file of its own; nothing is written to it, so remove it")
    try:
        lock(descriptor)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            os.close(descriptor)
            raise
    return descriptor


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Hold the directory's lock for the block; the directory is made if it is missing.

    A lock file that was left behind by a process that is no more locks nothing.

    Raises:
        UsageError: another process holds it; says which, on which host.
    """
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / LOCK
    descriptor = _open_lock_file(path)
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)
        yield
    finally:
        path.unlink(missing_ok=True)  # while it is held: see below
        os.close(descriptor)


def is_lock(path: Path) -> bool:
    """Whether a file is a lock that `locked` has made, held or left behind."""
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
        # Between opening and locking the last holder may have removed the file: then the lock is one of nothing.
        try:
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        except FileNotFoundError:
            pass
        os.close(descriptor)


def _holder(path: Path) -> str:
    """What the holder wrote into its lock file, as far as it got."""
    try:
        with path.open("rb") as file:
            return file.read(200).decode(errors="replace").strip() or "another process"
    except OSError:
        return "another process"
