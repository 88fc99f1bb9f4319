"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import glob
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Literal

from pairlens.errors import PairlensError, UsageError

_PARTIAL = ".partial"
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def refuse_existing(path: Path, force: bool) -> None:
    """Raises UsageError if `path` exists and may not be replaced, is no regular file, or has no directory."""
    if path.exists() and not path.is_file():
        kind = "a directory" if path.is_dir() else "a device or a pipe"
        raise UsageError(f"{path}: is {kind}; name a file, or leave --output out to write to stdout")
    if path.exists() and not force:
        raise UsageError(f"{path}: exists already; choose another name, or replace it with --force")
    if not path.parent.is_dir():
        raise UsageError(f"{path}: there is no directory {path.parent}; make it first")


@contextmanager
def whole_file(path: Path, mode: Literal["w", "wb", "w+b"] = "w") -> Iterator[IO[Any]]:
    """A file to write that takes its name only when the block ends without an exception, and replaces what was there.

    It is written beside its place under a temporary name, synchronised to the disk and renamed. Text is UTF-8.
    """
    given, path = path, path.resolve()  # a link keeps pointing where it does
    # The name is known before there is a file, so that an interruption at any moment can remove it.
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}{_PARTIAL}")
    try:
        encoding = None if "b" in mode else "utf-8"
        with telling_of_a_full_disk(given), temporary.open(mode.replace("w", "x"), encoding=encoding) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


@contextmanager
def telling_of_a_full_disk(path: Path) -> Iterator[None]:
    """Raises PairlensError where a write finds no room: the error of a write does not know its file."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise PairlensError(f"{path}: {error.strerror}; what was there before is kept") from error
        raise


def partial_files(path: Path) -> list[Path]:
    """What processes that were killed while they wrote `path` left beside it; or one that is writing it now."""
    return list(path.parent.glob(f".{glob.escape(path.name)}.*{_PARTIAL}"))


def sync_directory(directory: Path) -> None:
    """Make a rename survive a power cut."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
