"""Outputs that are written in place, not by renaming: pipes, /dev/null, /dev/stdout, /dev/fd/N."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from pairlens.descriptors import is_read_only
from pairlens.errors import UsageError
from pairlens.locations.location import Location

_STANDARD = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}


def is_stream(path: Location) -> bool:
    """True if a path, or the target of a link, is a pipe, a character device, or a descriptor of this process."""
    return isinstance(path, Path) and (_descriptor(path) is not None or path.is_fifo() or path.is_char_device())


def refuse_unwritable(path: Path) -> None:
    """Raises UsageError if a stream is a descriptor that is not open for writing."""
    number = _descriptor(path)
    if number is None:
        return
    try:
        read_only = is_read_only(number)
    except OSError:
        raise UsageError(f"{path}: is not open; choose another name") from None
    if read_only:
        raise UsageError(f"{path}: is open for reading only; choose another name")


@contextmanager
def write_stream(path: Path, seeks: bool) -> Iterator[IO[bytes]]:
    """Open a stream for writing. With `seeks`, the content is written to a temporary file first, then copied.

    A descriptor continues at its current position.
    """
    number = _descriptor(path)
    with os.fdopen(os.open(path, os.O_WRONLY) if number is None else os.dup(number), "wb") as stream:
        if not seeks:
            yield stream
            return
        with TemporaryFile() as file:
            yield file
            file.seek(0)
            shutil.copyfileobj(file, stream, 1 << 20)


def _descriptor(path: Path) -> int | None:
    name = os.path.abspath(path)  # noqa: PTH100  (pathlib's follows the link that this looks for)
    found = re.fullmatch(r"/(?:dev|proc/self)/fd/([0-9]{1,9})", name)
    return int(found[1]) if found else _STANDARD.get(name)
