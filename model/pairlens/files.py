"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import glob
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Literal

from pairlens.compression import encoded
from pairlens.descriptors import lock, sync
from pairlens.directories import is_mount_point, open_directory, sync_directory, take_name
from pairlens.errors import PairlensError, UsageError
from pairlens.locations import writer
from pairlens.locations.location import Location
from pairlens.locations.remote import Remote
from pairlens.streams import is_stream, refuse_unwritable, write_stream

_PARTIAL = ".partial"
_KEPT = 50  # characters of the name that the temporary name repeats, so that it does not become too long
_DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

Mode = Literal["w", "wb", "w+b"]


def refuse_existing(path: Location, force: bool) -> None:
    """Raise UsageError if `path` exists and may not be replaced, is neither a file nor a stream, or has no directory.

    For a link, its target counts.
    """
    if isinstance(path, Remote):
        writer.refuse_unwritable(path, force)
        return
    if is_stream(path):
        refuse_unwritable(path)
        return
    target = resolved(path)
    if path.exists() and not path.is_file():
        kind = "a directory" if path.is_dir() else "a device"
        raise UsageError(f"{path}: is {kind}; name a file, or leave --output out to write to stdout")
    if path.exists() and not force:
        raise UsageError(f"{path}: exists already; choose another name, or replace it with --force")
    if not target.parent.is_dir():
        directory = (target if path.is_symlink() else path).parent
        raise UsageError(f"{path}: there is no directory {directory}; make it first")
    if is_mount_point(target):
        raise UsageError(f"{path}: is a mount point, which cannot be replaced; mount the directory that it is in")


@contextmanager
def whole_file(
    path: Location, mode: Mode = "w", replace: bool = True, inside: Path | None = None, compress: bool = True
) -> Iterator[IO[Any]]:
    """Yield a file for writing that takes its name only if the block ends without an exception.

    It is written in the same directory under a temporary name, synchronised to the disk and renamed. Text is UTF-8. A
    name in `.gz`, `.bz2` or `.xz` is compressed; equal contents give equal bytes. Temporary files of `path` that killed
    processes left are removed; inside a run, the holder of the run's lock removes them. A stream (`is_stream`) is
    written in place. An address is uploaded while it is written, and takes its name at the end, too.

    Args:
        replace: replace an existing file, keeping its mode and owner.
        compress: whether to compress by the name; otherwise what is written is compressed already.
        inside: a parent directory, below which no link is followed. Without it, the target of a link is written.

    Raises:
        PairlensError: the disk is full; or the file exists and may not be replaced.
        UsageError: a directory inside `inside` is a link.
    """
    if isinstance(path, Remote):
        name = path.name if compress else ""
        whole = writer.upload(path, replace, "+" in mode)
        with full_disk_reported(path), whole as stream, encoded(stream, name, mode) as file:
            yield file
        return
    if inside is None and is_stream(path):
        with write_stream(path, "+" in mode) as stream, encoded(stream, path.name if compress else "", mode) as file:
            yield file
        return
    target = resolved(path) if inside is None else path
    # The name is set before the file exists, so that an interruption at any moment can remove it.
    temporary = f".{target.name[:_KEPT]}.{secrets.token_hex(4)}{_PARTIAL}"
    if inside is None:
        remove_abandoned(target)
    with _named(path), open_directory(target.parent, inside) as directory:
        try:
            with full_disk_reported(path), _create(temporary, directory) as raw:
                with encoded(raw, target.name if compress else "", mode) as file:
                    yield file
                raw.flush()
                sync(raw.fileno())
            take_name(temporary, target.name, replace, path, directory)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(temporary, dir_fd=directory)
            raise
    sync_directory(target.parent)


@contextmanager
def full_disk_reported(path: Location) -> Iterator[None]:
    """Raise PairlensError with the name of the file if a write finds the disk full."""
    try:
        yield
    except OSError as error:
        if error.errno in _DISK_FULL:
            raise PairlensError(f"{path}: {error.strerror}; what was there before is kept") from error
        raise


def partial_files(path: Path) -> list[Path]:
    """The temporary files of `path`: left by killed processes, or being written now."""
    return list(path.parent.glob(f".{glob.escape(path.name[:_KEPT])}.{'[0-9a-f]' * 8}{_PARTIAL}"))


def remove_abandoned(path: Path) -> None:
    """Remove the `partial_files` that no process is writing."""
    for left in partial_files(path):
        remove_unlocked(left)


def remove_unlocked(path: Path) -> bool:
    """Remove a file unless a process that writes it holds a lock on it; return whether it was removed."""
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            lock(descriptor)
            path.unlink()
            return True
        finally:
            os.close(descriptor)
    return False


def resolved(path: Path) -> Path:
    """A path with its links followed, whether or not it exists. Raises UsageError for a link to itself."""
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        raise UsageError(f"{path}: is a link that leads to itself; choose another name") from None


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Put the given name into errors of system calls, which know only the temporary one."""
    try:
        yield
    except OSError as error:
        if str(error.filename).endswith(_PARTIAL):
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise


def _create(name: str, directory: int) -> IO[bytes]:
    """Create a file, locked if possible, so that other processes see it as being written until this one ends."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    while True:
        file = os.fdopen(os.open(name, flags, 0o666, dir_fd=directory), "w+b")
        with suppress(OSError):
            lock(file.fileno())
        if os.fstat(file.fileno()).st_nlink:  # no other process removed it before it was locked
            return file
        file.close()
