"""The cache of compiled kernels, and the checks before cached code is run.

A file is a line of JSON (kernel, fingerprint, bytes, sha256) and the machine code. It is used only if all of these
match, and if the file and its folder belong to this user or root and nobody else may write to them. Otherwise the
kernel is compiled again.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep

from pairlens.descriptors import lock
from pairlens.errors import PairlensError, UsageError
from pairlens.files import whole_file

VARIABLE = "PAIRLENS_CACHE"
_LARGEST = 2**26  # bytes; a hundred times the size of a kernel
_LONGEST_WAIT = 120.0  # seconds; compiling takes 20 to 40, and a process that was stopped holds its lock
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def cached_code(kernel: str, fingerprint: str) -> bytes | None:
    """The cached code of a kernel; None if there is none, or if a check fails."""
    for folder in folders():
        with suppress(OSError):
            if _is_ours(folder.stat()) and (code := _read(folder / _name(kernel, fingerprint), kernel, fingerprint)):
                return code
    return None


def cache_code(kernel: str, fingerprint: str, code: bytes) -> bool:
    """Cache the machine code of a kernel in the first folder that can be written; False if none can."""
    for folder in filter(_prepare, folders()):
        with suppress(OSError, PairlensError):  # a full disk raises the latter
            with whole_file(folder / _name(kernel, fingerprint), "wb") as file:
                file.write(json.dumps(_header(kernel, fingerprint, code)).encode() + b"\n" + code)
            return True
    return False


def private_folder() -> Path | None:
    """The first cache folder that is private and can be written; None if there is none."""
    return next((folder for folder in filter(_prepare, folders()) if os.access(folder, os.W_OK | os.X_OK)), None)


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Let one process compile while others that need the same kernels wait, so that they find them cached.

    Without a cache, or on a file system without locks, none waits; and none waits for minutes.
    """
    with ExitStack() as stack:
        if folder := private_folder():
            with suppress(OSError):
                descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
                stack.callback(os.close, descriptor)
                _wait_for(descriptor)
        yield


def _wait_for(descriptor: int) -> None:
    """Lock a file as soon as no other process holds its lock."""
    deadline = monotonic() + _LONGEST_WAIT
    while monotonic() < deadline:
        try:
            lock(descriptor)
            break
        except BlockingIOError:
            sleep(0.1)


def _prepare(folder: Path) -> bool:
    """Create a folder if it is missing; return True if it is private, and so safe for code."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_uid == os.geteuid() and not os.environ.get(VARIABLE):  # whose folder may hold other things
            folder.chmod(0o700)
        return _is_ours(folder.stat())
    except OSError:
        return False


def folders() -> Iterator[Path]:
    """The cache folders in order of preference: in the user's cache, and in the directory for temporary files; or only
    the folder that PAIRLENS_CACHE names.

    Raises:
        UsageError: that is a relative path, which would be another folder in each directory.
    """
    if named := os.environ.get(VARIABLE, ""):
        if not Path(named).is_absolute():
            raise UsageError(f"{VARIABLE}: {named!r} is a relative path; give an absolute one, or unset it")
        yield Path(named)
        return
    cache = os.environ.get("XDG_CACHE_HOME", "")
    if Path(cache).is_absolute():  # the XDG Base Directory Specification ignores relative paths
        yield Path(cache) / "pairlens"
    else:
        with suppress(RuntimeError):  # no home directory, and an unknown user
            yield Path.home() / ".cache" / "pairlens"
    with suppress(OSError):  # no directory for temporary files
        yield Path(tempfile.gettempdir()) / f"pairlens-{os.geteuid()}"


def _name(kernel: str, fingerprint: str) -> str:
    return f"{kernel}-{fingerprint}"


def _header(kernel: str, fingerprint: str, code: bytes) -> dict[str, str | int]:
    digest = hashlib.sha256(code).hexdigest()
    return {"kernel": kernel, "fingerprint": fingerprint, "bytes": len(code), "sha256": digest}


def _read(path: Path, kernel: str, fingerprint: str) -> bytes | None:
    """Raises OSError if there is no such file."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:  # noqa: PTH123  (an open file)
        status = os.fstat(descriptor)
        if not (stat.S_ISREG(status.st_mode) and _is_ours(status) and status.st_size <= _LARGEST):
            return None
        line, _, code = file.read(_LARGEST).partition(b"\n")
    try:
        return code if json.loads(line) == _header(kernel, fingerprint, code) else None
    except (ValueError, RecursionError):
        return None


def _is_ours(status: os.stat_result) -> bool:
    return status.st_uid in (os.geteuid(), 0) and not status.st_mode & _OTHERS_WRITE
