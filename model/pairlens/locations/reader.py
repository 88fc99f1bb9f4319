"""Reading a remote file from any byte on; a lost connection is continued at the byte reached."""

from __future__ import annotations

import io
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pairlens.locations import driver

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BLOCK_BYTES = 2**23  # of one request
START_BYTES = 2**18  # of the first request; of many files only the start is read, to find out their kind
_BLOCKS = 4  # kept; one of them is fetched while the one before it is read


class RemoteReader(io.RawIOBase):
    """The bytes of a remote file.

    Attributes:
        size: the number of bytes; None if the server does not say.

    Raises:
        FileNotFoundError: there is no such file.
        DataError: it cannot be read, is a folder, or changes while it is read.
    """

    def __init__(self, url: str, name: str) -> None:
        self._url, self._name = url, name
        self._is_web = url.startswith(("http://", "https://"))
        self._file: Any = None
        self._position, self._version = 0, None
        self._large = self._whole = False
        self.size: int | None = None
        driver.retried(name, self._reopen)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        if whence == os.SEEK_END and self.size is None:
            raise io.UnsupportedOperation(f"{self._name}: the server does not say how long the file is")
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size or 0}[whence]
        if start + offset != self._position:
            self._position = start + offset
            if self._file is not None and not self._is_web:
                self._file.seek(self._position)
            else:
                self._drop()
        return self._position

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        size = min(len(view), BLOCK_BYTES if self._large else START_BYTES // 2)
        block = driver.retried(self._name, lambda: self._read(size))
        view[: len(block)] = block
        self._position += len(block)
        return len(block)

    def readall(self) -> bytes:
        return b"".join(iter(lambda: self.read(BLOCK_BYTES) or b"", b""))

    def close(self) -> None:
        self._drop()
        super().close()

    def _read(self, size: int) -> bytes:
        try:
            if self._file is None and self.size is not None and self._position >= self.size:
                return b""
            if not self._large and self._position >= START_BYTES:
                self._drop()
            if self._file is None:
                self._reopen()
            block: bytes = self._file.read(size)
            if not block and not self._whole:
                self._refuse_changed()
                self._whole = True
        except Exception:
            self._drop()
            raise
        return block

    def _reopen(self) -> None:
        """Open the file at the current position. Raises ChangedError if it is not the file that was opened first."""
        system = driver.file_system(self._url, self._name)
        if self._is_web:
            self._large = True
            self._file = _web_stream(system, self._url, self._position)
            found = _web_details(self._file.r)
            self._skip(0 if self._file.r.status == 206 else self._position)
        else:
            self._large = self._position >= START_BYTES
            ahead = {"cache_type": "background", "cache_options": {"maxblocks": _BLOCKS}} if self._large else {}
            size = BLOCK_BYTES if self._large else START_BYTES // 2  # the driver reads twice as much
            self._file = system.open(self._url, "rb", block_size=size, **ahead)
            found = getattr(self._file, "details", None) or system.info(self._url)
            self._file.seek(self._position)
        if found["type"] == "directory":
            raise IsADirectoryError
        version = version_of(found)
        if self._version not in (None, version):
            raise driver.ChangedError
        self._version, self.size = version, found["size"]

    def _skip(self, size: int) -> None:
        while size and (block := self._file.read(min(size, BLOCK_BYTES))):
            size -= len(block)

    def _refuse_changed(self) -> None:
        """Raise ChangedError if the file is another one at its end; one answer over HTTP is always one file."""
        if not self._is_web and version_of(self._file.fs.info(self._url)) != self._version:
            raise driver.ChangedError

    def _drop(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            with suppress(Exception):
                file.close()


def version_of(found: Any) -> Any:
    """What differs between two contents of a file, as far as its driver says."""
    tags = {"etag", "md5hash", "crc32c", "last-modified", "lastmodified", "last_modified", "mtime", "created", "size"}
    return {key: value for key, value in found.items() if key.lower() in tags}


def _web_stream(system: Any, url: str, start: int) -> Any:
    """Open an answer over HTTP that begins at a byte, or, from a server without ranges, at the beginning."""
    headers = {"headers": {**system.kwargs["headers"], "Range": f"bytes={start}-"}} if start else {}
    return system.open(url, "rb", block_size=0, size=1, **headers)


def _web_details(answer: Any) -> dict[str, Any]:
    """Size and version of the whole file from the headers of an answer."""
    length = answer.headers.get("Content-Length")
    whole = answer.headers.get("Content-Range", "").rpartition("/")[2] if answer.status == 206 else length
    tags = {name: answer.headers[name] for name in ("ETag", "Last-Modified") if name in answer.headers}
    return {"type": "file", "size": int(whole) if whole and whole.isdecimal() else None, **tags}
