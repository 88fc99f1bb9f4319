"""The drivers of fsspec behind addresses: their options, what is tried again, and failures as one line.

s3fs and botocore try requests again that failed with a status of 500 or 503 or a lost connection, and s3fs a range
whose body was cut off. All other drivers, and reading over HTTP, rely on `retried`.
"""

from __future__ import annotations

import errno
import os
import random
import time
from collections.abc import Callable
from itertools import count
from typing import Any, TypeVar

from pairlens.errors import DataError, PairlensError, UsageError
from pairlens.packages import need

ATTEMPTS = 5  # of a request
PATIENCE = 120  # seconds after which a request is not tried again
CONNECT_TIMEOUT, READ_TIMEOUT = 10, 30  # seconds
_ROUNDS = 2  # of s3fs, of ATTEMPTS by botocore each
_FIRST_WAIT, _LONGEST_WAIT = 0.2, 8.0  # seconds before further attempts, at most; doubled each time
_EXTRAS = {"s3": ("s3", "s3fs"), "s3a": ("s3", "s3fs"), "http": ("https", "aiohttp"), "https": ("https", "aiohttp")}
_PASSING = {408, 425, 429}  # statuses of HTTP below 500 that another attempt may change

_T = TypeVar("_T")


class DeniedError(DataError):
    """A file may not be read or written."""


class ChangedError(Exception):
    """A file is not the one that was opened."""


_FINAL = (
    *(FileNotFoundError, FileExistsError, IsADirectoryError, PermissionError, ImportError, NotImplementedError),
    *(ChangedError, PairlensError, MemoryError),
)


def file_system(url: str, name: str) -> Any:
    """Return fsspec's file system for an address; `name` is its name in messages.

    Raises:
        UsageError: the driver is not installed, or there is none.
    """
    scheme = url.partition("://")[0]
    extra, *packages = _EXTRAS.get(scheme, ("",))
    need(f"{name}:", "fsspec", *packages, extra=extra)
    from fsspec.registry import known_implementations

    if scheme not in known_implementations:
        raise UsageError(f"{name}: there is no driver for {scheme}://; for a path of this machine, write ./{name}")
    need(f"{name}:", known_implementations[scheme]["class"].partition(".")[0])
    import fsspec

    system = fsspec.filesystem(scheme, **_options(scheme))
    if scheme in ("s3", "s3a"):
        system.retries = _ROUNDS
    return system


def _options(scheme: str) -> dict[str, Any]:
    if scheme in ("http", "https"):
        from aiohttp import ClientTimeout

        timeout = ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT, sock_read=READ_TIMEOUT)
        # Bytes as they are stored: a position is one of the file's, and .gz is decompressed by us.
        return {"client_kwargs": {"timeout": timeout, "trust_env": True}, "headers": {"Accept-Encoding": "identity"}}
    options: dict[str, Any] = {"use_listings_cache": False}
    if scheme in ("s3", "s3a"):
        attempts = {} if "AWS_MAX_ATTEMPTS" in os.environ else {"total_max_attempts": ATTEMPTS}
        config = {"retries": {"mode": "standard", **attempts}}
        options["config_kwargs"] = {**config, "connect_timeout": CONNECT_TIMEOUT, "read_timeout": READ_TIMEOUT}
    return options


def info(url: str, name: str, missing_ok: bool = True) -> Any:
    """Return what the driver knows of a file or folder, with `type` and `size`; None if there is none.

    Raises:
        FileNotFoundError: there is none, unless `missing_ok`. DataError: it cannot be found out.
    """
    try:
        return retried(name, lambda: file_system(url, name).info(url))
    except FileNotFoundError:
        if missing_ok:
            return None
        raise


def names_in(url: str, name: str) -> list[str]:
    """Return the sorted names of the files and folders of a folder. Raises as `info` does."""
    found = retried(name, lambda: file_system(url, name).ls(url, detail=False))
    return sorted({path.rstrip("/").rpartition("/")[2] for path in found} - {""})


def remove(url: str, name: str) -> None:
    """Remove a file. Raises as `info` does."""
    retried(name, lambda: file_system(url, name).rm_file(url))


def retried(name: str, work: Callable[[], _T]) -> _T:
    """Return the result of `work`, which is tried again, after growing random waits, if it fails for a passing reason.

    Raises:
        FileNotFoundError: there is no such file.
        DataError: any other failure, as one line that begins with `name`.
    """
    began = time.monotonic()
    for attempt in count(1):
        try:
            return work()
        except Exception as error:
            if attempt == ATTEMPTS or _is_final(error) or time.monotonic() - began > PATIENCE:
                raise failure(name, error) from None  # whose text may have the query of an address
        time.sleep(random.uniform(0, min(_LONGEST_WAIT, _FIRST_WAIT * 2**attempt)))  # noqa: S311
    raise AssertionError


def failure(name: str, error: Exception) -> Exception:
    """Return the error of a driver as one of ours, whose one line has `name` and no part of an address's query."""
    if isinstance(error, PairlensError):
        return error
    cause = error.__cause__ or error
    status = getattr(cause, "status", None)
    if isinstance(error, FileNotFoundError) and _code(cause) != "NoSuchBucket" and not _is_unreached(cause):
        return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
    if isinstance(error, PermissionError) or status in (401, 403):
        code = f" ({_code(cause)})" if _code(cause) else ""
        return DeniedError(f"{name}: permission denied{code}; check the credentials")
    return DataError(f"{name}: {_cause_in_words(error, cause, status)}")


def _cause_in_words(error: Exception, cause: BaseException, status: int | None) -> str:
    code = _code(cause)
    if isinstance(error, ChangedError) or type(error).__name__ == "FileExpired":
        return "changed while it was read; try again when nothing writes to it"
    if code == "NoSuchBucket":
        return "there is no such bucket"
    if "Credentials" in type(cause).__name__:
        return "no credentials were found in the environment, a profile or the machine's role"
    if isinstance(error, IsADirectoryError):
        return os.strerror(errno.EISDIR)
    return f"cannot be reached ({f'status {status}' if status else code or _reason(cause)})"


def _is_final(error: Exception) -> bool:
    """Whether another attempt is useless, or the driver has made several itself, as botocore does."""
    cause = error.__cause__ or error
    if (status := getattr(cause, "status", None)) is not None:
        return status < 500 and status not in _PASSING
    if _is_unreached(cause):
        return False
    return isinstance(error, _FINAL) or type(cause).__module__.startswith("botocore")


def _is_unreached(cause: BaseException) -> bool:
    """Whether a driver reports as missing what it could not reach: fsspec's HTTP does."""
    lost = type(cause).__module__.startswith("aiohttp") or isinstance(cause, (TimeoutError, ConnectionError))
    return lost and getattr(cause, "status", None) not in (404, 410)


def _code(cause: BaseException) -> str:
    """The code of S3's answer, such as AccessDenied."""
    response = getattr(cause, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


def _reason(cause: BaseException) -> str:
    words = str(cause).partition("\n")[0].partition("?")[0]
    return f"{type(cause).__name__}: {words}"[:200] if words else type(cause).__name__
