"""Operations on file descriptors: silence, lock, sync, ask for the access mode. Not every operating system has all."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_CANNOT_SYNC = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EACCES, errno.EPERM}


def lock(descriptor: int, wait: bool = False) -> None:
    """Lock a file for this process until it is closed: flock(2).

    Args:
        wait: until another process that holds the lock releases it.

    Raises:
        BlockingIOError: another process holds the lock.
        OSError: the file system, or the operating system (ENOSYS), has no locks.
    """
    try:
        import fcntl
    except ImportError:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS)) from None
    fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))


def sync(descriptor: int) -> None:
    """Write a file, or the names in a directory, to the disk, where the file system can do that.

    fsync(2); on macOS F_FULLFSYNC, without which the drive may keep it in a cache that a power cut empties.
    """
    try:
        _sync(descriptor)
    except OSError as error:
        if error.errno not in _CANNOT_SYNC:
            raise


def _sync(descriptor: int) -> None:
    try:
        from fcntl import F_FULLFSYNC, fcntl  # type: ignore[attr-defined,unused-ignore]
    except ImportError:
        os.fsync(descriptor)
        return
    try:
        fcntl(descriptor, F_FULLFSYNC)
    except OSError:  # a file system of which macOS knows no such request
        os.fsync(descriptor)


def is_read_only(descriptor: int) -> bool:
    """True if a descriptor is open for reading only; False where that cannot be asked. Raises OSError if not open."""
    os.fstat(descriptor)
    try:
        import fcntl
    except ImportError:
        return False
    return fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY


@contextmanager
def silent_stderr() -> Iterator[None]:
    """Silence what libraries write to stderr within the block, also their C++ code, which does not ask Python."""
    sys.stderr.flush()
    stderr = os.dup(2)
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, 2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(devnull)
