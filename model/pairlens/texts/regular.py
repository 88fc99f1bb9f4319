"""Regular files: they end, and can be read again, which a pipe and a device need not."""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path

from pairlens.errors import DataError


def open_regular(path: Path) -> BufferedReader:
    """The file to read. Does not wait for whoever writes to a pipe.

    Raises:
        OSError: there is none, or it is a directory, a pipe or a device.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    raise OSError(errno.EINVAL, "not a regular file")


def read_regular(path: Path, limit: int) -> bytes:
    """All bytes of a file. Raises OSError as `open_regular` does, or if they are more than `limit`."""
    with open_regular(path) as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise OSError(errno.EFBIG, f"more than {limit} bytes")
    return content


def may_be_read_twice(*paths: Path) -> bool:
    """Whether none of them is a pipe, a device or a directory; what is missing is for its reader to tell."""
    return not any(path.exists() and not path.is_file() for path in paths)


def refuse_irregular(path: Path, why: str) -> None:
    """Raises DataError if the path names a pipe or a device; what is missing is for its reader to tell."""
    if path.exists() and not path.is_file() and not path.is_dir():
        raise DataError(f"{path}: not a regular file; {why}")
