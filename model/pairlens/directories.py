"""Operations on names in directories: put, replace and remove a file without races with other processes."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from pairlens.descriptors import sync
from pairlens.errors import PairlensError, UsageError

NOREPLACE, EXCHANGE = 1, 2  # flags of renameat2(2)
CANNOT_RENAME = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP}  # the file system or the kernel does not know the flag

_NO_DIRECTORY = {errno.ENOTDIR, errno.ELOOP}  # ELOOP is for a link opened without O_PATH
_CURRENT = -100  # AT_FDCWD of Linux: names are relative to the current directory


@contextmanager
def open_directory(path: Path, inside: Path | None = None) -> Iterator[int]:
    """Open a directory, which need not be readable, and yield its descriptor for use as `dir_fd`.

    Raises:
        UsageError: a part of the path below `inside` is a link or no directory.
    """
    root = path if inside is None else inside
    with ExitStack() as stack:
        flags = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC
        descriptor = os.open(root, flags)
        stack.callback(os.close, descriptor)
        for part in path.relative_to(root).parts:
            try:
                descriptor = os.open(part, flags | os.O_NOFOLLOW, dir_fd=descriptor)
            except OSError as error:
                if error.errno not in _NO_DIRECTORY:
                    raise
                raise UsageError(f"{path}: is a link or no directory; nothing is written there, so remove it") from None
            stack.callback(os.close, descriptor)
        yield descriptor


@contextmanager
def directory_to_fill(path: Path) -> Iterator[None]:
    """Create a directory if it is missing; if the block then fails and leaves it empty, remove it again."""
    new = not path.exists()
    path.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        if new:
            with suppress(OSError):
                path.rmdir()
        raise


def remove_file(path: Path, inside: Path) -> None:
    """Remove a file if it exists, following no link below `inside`; a link itself is removed."""
    with suppress(FileNotFoundError), open_directory(path.parent, inside) as directory:
        os.unlink(path.name, dir_fd=directory)


def rename(source: str | Path, target: str | Path, flags: int, directory: int | None = None) -> None:
    """Call renameat2(2). Raises OSError, with an `errno` of CANNOT_RENAME if `flags` are not supported."""
    import ctypes  # slow to import

    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "renameat2"):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS), str(source))
    at = _CURRENT if directory is None else directory
    if libc.renameat2(at, os.fsencode(source), at, os.fsencode(target), flags):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(source))


def take_name(source: str, target: str, replace: bool, shown: Path, directory: int | None = None) -> None:
    """Rename a file in `directory`. With `replace`, an existing target is replaced, and its mode and owner are kept.

    Raises:
        PairlensError: the target exists and may not be replaced. OSError: the file cannot be renamed.
    """
    try:
        if replace:
            _keep_permissions(source, target, directory)
            os.replace(source, target, src_dir_fd=directory, dst_dir_fd=directory)
        else:
            _rename_to_nothing(source, target, directory)
    except FileExistsError:
        raise PairlensError(
            f"{shown}: was created by another process in the meantime and is kept; choose another name, or replace it "
            "with --force"
        ) from None
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(shown)) from None  # not the temporary name


def sync_directory(directory: Path) -> None:
    """Make renames in a directory survive a power cut, if it may be read and the file system supports that."""
    try:
        descriptor = os.open(directory, os.O_RDONLY)
    except PermissionError:
        return
    try:
        sync(descriptor)
    finally:
        os.close(descriptor)


def is_mount_point(path: Path) -> bool:
    """True if a file system or a single file is mounted at a path, which must have no links in it."""
    try:
        mounts = Path("/proc/self/mountinfo").read_bytes().splitlines()
    except OSError:
        return False
    escaped = "".join(f"\\{ord(c):03o}" if c in " \t\n\\" else c for c in str(path))
    return os.fsencode(escaped) in {line.split()[4] for line in mounts}


def _keep_permissions(source: str, target: str, directory: int | None) -> None:
    """Give a file the mode of the file that it replaces, and its owner as far as that is permitted."""
    with suppress(FileNotFoundError):
        old = os.stat(target, dir_fd=directory, follow_symlinks=False)
        if stat.S_ISREG(old.st_mode):
            with suppress(OSError):
                os.chown(source, -1, old.st_gid, dir_fd=directory)
                os.chown(source, old.st_uid, -1, dir_fd=directory)
            with suppress(OSError):
                os.chmod(source, old.st_mode & 0o777, dir_fd=directory)


def _rename_to_nothing(source: str, target: str, directory: int | None) -> None:
    """Rename if `target` does not exist; raises FileExistsError if it does."""
    try:
        rename(source, target, NOREPLACE, directory)
    except OSError as error:
        if error.errno not in CANNOT_RENAME:
            raise
        _link_to_nothing(source, target, directory)


def _link_to_nothing(source: str, target: str, directory: int | None) -> None:
    """The same with link and unlink; a kill between them leaves the file with both names."""
    try:
        os.link(source, target, src_dir_fd=directory, dst_dir_fd=directory, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError:
        # Without hard links, an empty file takes the name first: O_EXCL guarantees that it is ours.
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, dir_fd=directory))
        os.replace(source, target, src_dir_fd=directory, dst_dir_fd=directory)
    else:
        with suppress(FileNotFoundError):
            os.unlink(source, dir_fd=directory)
