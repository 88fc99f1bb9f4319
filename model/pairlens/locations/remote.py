"""An address of a file or a folder: s3://bucket/key, gs://bucket/key, https://host/file."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import posixpath
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from copy import copy
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Literal

from pairlens.errors import UsageError
from pairlens.locations import driver
from pairlens.locations.reader import RemoteReader, version_of

_WEB = ("http", "https")
_PORT = re.compile(r"[^:]*|\[[^]]*\]|.*:[0-9]*")
_BUFFER = 2**17


class Remote:
    """An address of a file, or of a folder of files, that a driver of fsspec reads and writes.

    It has the part of pathlib's interface that inputs and outputs need. The query of a web address, which may be a
    signature, is sent to the server, but is in no name, message or record.

    Its methods raise FileNotFoundError if there is no such file, and DataError for every other failure.

    Raises:
        UsageError: as `location` does.
    """

    __slots__ = ("_key", "_query", "_root", "scheme")

    def __init__(self, scheme: str, rest: str) -> None:
        query = ""
        if scheme in _WEB:
            rest, query = re.fullmatch(r"([^?#]*)(.*)", rest, re.DOTALL).groups()  # type: ignore[union-attr]
        host, _, key = rest.partition("/")
        _refuse(scheme, host, key)
        self.scheme, self._root, self._query = scheme, f"{scheme}://{host}", query
        self._key = key if scheme in _WEB else key.rstrip("/")

    def __str__(self) -> str:
        return f"{self._root}/{self._key}" if self._key else self._root

    def __repr__(self) -> str:
        return f"Remote({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Remote) and self.url == other.url

    def __hash__(self) -> int:
        return hash(self.url)

    # ---- names ---------------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """The whole address, for the driver alone: it may have a signature."""
        return f"{self}{self._query}"

    @property
    def name(self) -> str:
        return self._key.rstrip("/").rpartition("/")[2]

    @property
    def stem(self) -> str:
        return PurePosixPath(self.name).stem

    @property
    def suffix(self) -> str:
        return PurePosixPath(self.name).suffix

    @property
    def suffixes(self) -> list[str]:
        return PurePosixPath(self.name).suffixes

    @property
    def parent(self) -> Remote:
        return self._with_key(self._key.rstrip("/").rpartition("/")[0])

    def __truediv__(self, name: str) -> Remote:
        return self._with_key(f"{self._key.rstrip('/')}/{name}" if self._key else name)

    def with_name(self, name: str) -> Remote:
        return self.parent / name

    def with_suffix(self, suffix: str) -> Remote:
        return self.with_name(str(PurePosixPath(self.name).with_suffix(suffix)))

    def joined(self, relative: str) -> Remote:
        """Return the address of a relative path, which may begin with `..`, from this folder."""
        key = posixpath.normpath(posixpath.join(self._key, relative))
        if key.startswith(".."):
            raise UsageError(f"{relative}: leads out of {self._root}; write a whole address")
        return self._with_key("" if key == "." else key)

    def _with_key(self, key: str) -> Remote:
        return Remote(self.scheme, f"{self._root.partition('://')[2]}/{key}{self._query}")

    # ---- files ---------------------------------------------------------------------------------------------------

    def exists(self) -> bool:
        return self._info() is not None

    def is_file(self) -> bool:
        found = self._info()
        return found is not None and found["type"] == "file"

    def is_dir(self) -> bool:
        """Whether it is the beginning of other files' addresses; nothing is known of web addresses."""
        found = None if self.scheme in _WEB else self._info()
        return found is not None and found["type"] == "directory"

    def _info(self) -> Any:
        """What the driver knows; None if there is no such file. Many web servers deny what they do not have."""
        try:
            return driver.info(self.url, str(self))
        except driver.DeniedError:
            if self.scheme in _WEB:
                return None
            raise

    def stat(self) -> RemoteStatus:
        return RemoteStatus(int(driver.info(self.url, str(self), missing_ok=False)["size"] or 0))

    def size_and_version(self) -> tuple[int, str]:
        """The bytes of the file, and what its driver says that differs between two contents of it, for records."""
        found = driver.info(self.url, str(self), missing_ok=False)
        version = json.dumps(version_of(found), sort_keys=True, default=str)
        return int(found["size"] or 0), hashlib.blake2b(version.encode(), digest_size=16).hexdigest()

    def version(self) -> str:
        """See `size_and_version`."""
        return self.size_and_version()[1]

    def open(self, mode: Literal["rb"] = "rb") -> io.BufferedReader:  # noqa: ARG002  (pathlib's interface)
        return io.BufferedReader(RemoteReader(self.url, str(self)), _BUFFER)

    def read_bytes(self) -> bytes:
        with self.open("rb") as file:
            return file.read()

    def read_text(self, encoding: str = "utf-8") -> str:
        return self.read_bytes().decode(encoding)

    def iterdir(self) -> Iterator[Remote]:
        for name in driver.names_in(self.url, str(self)) if self.scheme not in _WEB else ():
            yield self / name

    def glob(self, pattern: str) -> Iterator[Remote]:
        """Yield the files of this folder whose names match."""
        with suppress(FileNotFoundError):
            yield from (path for path in self.iterdir() if PurePosixPath(path.name).match(pattern))

    def unlink(self, missing_ok: bool = False) -> None:
        if not missing_ok or self.exists():
            driver.remove(self.url, str(self))


class Snapshot(Remote):
    """A remote folder as it was when its files were read.

    Args:
        contents: the bytes of every file, by its path in the folder.
    """

    __slots__ = ("_contents",)

    def __init__(self, folder: Remote, contents: Mapping[str, bytes]) -> None:
        super().__init__(folder.scheme, folder.url.partition("://")[2])
        self._contents: Mapping[str, bytes] = {str(folder / name): content for name, content in contents.items()}

    def exists(self) -> bool:
        return self.is_file() or self.is_dir()

    def is_file(self) -> bool:
        return str(self) in self._contents

    def is_dir(self) -> bool:
        return any(name.startswith(f"{self}/") for name in self._contents)

    def stat(self) -> RemoteStatus:
        return RemoteStatus(len(self._content()))

    def open(self, mode: Literal["rb"] = "rb") -> io.BufferedReader:  # noqa: ARG002
        return io.BufferedReader(io.BytesIO(self._content()))

    def _content(self) -> bytes:
        if not self.is_file():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self))
        return self._contents[str(self)]

    def _with_key(self, key: str) -> Snapshot:
        moved = copy(self)
        moved._key = key
        return moved


@dataclass(frozen=True, slots=True)
class RemoteStatus:
    """The size of a remote file in bytes; 0 if the server does not say."""

    st_size: int


def _refuse(scheme: str, host: str, key: str) -> None:
    user, at, machine = host.rpartition("@")
    if at and (":" in user or scheme in _WEB):
        raise UsageError(
            f"{scheme}://…@{machine}: leave out user and password; drivers take credentials from the environment, a "
            "profile or the machine's role"
        )
    if scheme in _WEB and not _PORT.fullmatch(host):
        raise UsageError(f"{scheme}://…: the port is not a number; write {scheme}://HOST/FILE")
    if scheme in ("file", "local"):
        raise UsageError(f"{scheme}://{host}/{key}: write a path of this machine without {scheme}://")
    if not host:
        raise UsageError(f"{scheme}://{host}/{key}: names no bucket or host; write {scheme}://NAME/FILE")
    if {".", ".."} & set(key.split("/")):
        raise UsageError(f"{scheme}://{host}/{key}: has a part that is . or ..; write the whole address")
    if "?versionId=" in key:
        raise UsageError(f"{scheme}://{host}/{key}: only the latest version is read; leave ?versionId= out")
