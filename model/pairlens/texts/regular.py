"""Regular files, which end and can be read again, unlike pipes and devices."""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path

from pairlens.errors import DataError
from pairlens.locations.location import Location
from pairlens.locations.remote import Remote


def open_regular(path: Location) -> BufferedReader:
    """Open a regular or remote file for reading, without waiting for the writer of a pipe.

    Raises:
        OSError: the file is missing, or is a directory, a pipe or a device.
    """
    if isinstance(path, Remote):
        return path.open("rb")
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    raise OSError(errno.EINVAL, "not a regular file")


def read_regular(path: Location, limit: int) -> bytes:
    """All bytes of a file. Raises OSError as `open_regular` does, or for more than `limit` bytes."""
    with open_regular(path) as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise OSError(errno.EFBIG, f"more than {limit} bytes")
    return content


def may_be_read_twice(*paths: Location) -> bool:
    """Whether none of the paths is a pipe, a device or a directory. A missing file is reported by its reader."""
    return not any(isinstance(path, Path) and path.exists() and not path.is_file() for path in paths)


def refuse_irregular(path: Location, why: str) -> None:
    """Raise DataError if the path is a pipe or a device. A missing file is reported by its reader."""
    if isinstance(path, Path) and path.exists() and not path.is_file() and not path.is_dir():
        raise DataError(f"{path}: not a regular file; {why}")
