"""Reading a remote file from any byte on; a lost connection is continued at the byte reached."""

from __future__ import annotations

import io
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from pairlens.locations import driver

if TYPE_CHECKING:
    from concurrent.futures import Future

    from _typeshed import WriteableBuffer

# Bytes of one request. Of many files only the start is read, to find out their kind; the length doubles from there.
START_BYTES, BLOCK_BYTES = 2**18, 2**23


class RemoteReader(io.RawIOBase):
    """The bytes of a remote file.

    Attributes:
        size: the number of bytes; None if the server does not say.

    Raises:
        FileNotFoundError: there is no such file.
        DataError: it cannot be read, is a folder, or changes while it is read.
    """

    def __init__(self, url: str, name: str) -> None:
        self._url, self._name, self._position = url, name, 0
        self._source: _Source | None = None
        self._source = driver.retried(name, self._open)
        self.size = self._source.size

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
        self._position = start + offset
        return self._position

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view, source = memoryview(buffer).cast("B"), self._source
        assert source
        block = driver.retried(self._name, lambda: source.read(self._position, len(view)))
        view[: len(block)] = block
        self._position += len(block)
        return len(block)

    def readall(self) -> bytes:
        return b"".join(iter(lambda: self.read(BLOCK_BYTES) or b"", b""))

    def close(self) -> None:
        if self._source:
            self._source.close()
        super().close()

    def _open(self) -> _Source:
        system = driver.file_system(self._url, self._name)
        is_web = self._url.startswith(("http://", "https://"))
        return _Stream(system, self._url) if is_web else _Ranges(system, self._url)


class _Source(Protocol):
    """The bytes of one version of a file; `read` raises ChangedError if there is another one."""

    @property
    def size(self) -> int | None: ...

    def read(self, start: int, size: int) -> bytes: ...

    def close(self) -> None: ...


class _Ranges:
    """Reads ranges; the next one is fetched while the one before it is used."""

    def __init__(self, system: Any, url: str) -> None:
        self._system, self._url = system, url
        found = system.info(url)
        if found["type"] == "directory":
            raise IsADirectoryError
        self.size: int = found["size"]
        self._version, self._is_whole = version_of(found), False
        self._start, self._block, self._length = 0, b"", START_BYTES // 2
        self._ahead: Future[bytes] | None = None

    def read(self, start: int, size: int) -> bytes:
        if start >= self.size:
            if not self._is_whole:
                self._refuse_changed()
            self._is_whole = True
            return b""
        if not self._start <= start < self._start + len(self._block):
            try:
                self._load(start)
            except Exception:
                self._refuse_changed()
                raise
        return self._block[start - self._start :][:size]

    def close(self) -> None:
        if self._ahead:
            self._ahead.cancel()

    def _load(self, start: int) -> None:
        """Fetch the block that begins at a byte. The next one is fetched, too, if this one continues another."""
        end = self._start + len(self._block)
        continues = start == end
        if not continues:
            self.close()
            self._ahead = None
        self._length = min(2 * self._length, BLOCK_BYTES) if continues else START_BYTES
        fetched, self._ahead = self._ahead or self._fetch(start), None
        block = fetched.result()
        if not block:
            raise OSError("fewer bytes than there should be")
        self._start, self._block = start, block
        if continues and start and start + len(self._block) < self.size:
            self._ahead = self._fetch(start + len(self._block))

    def _fetch(self, start: int) -> Future[bytes]:
        import asyncio  # takes longer than a path of this machine does to read
        from concurrent.futures import Future

        end = min(start + self._length, self.size)
        if self._system.async_impl:
            reading = self._system._cat_file(self._url, start=start, end=end)
            return asyncio.run_coroutine_threadsafe(reading, self._system.loop)
        done: Future[bytes] = Future()
        done.set_result(self._system.cat_file(self._url, start=start, end=end))
        return done

    def _refuse_changed(self) -> None:
        if version_of(self._system.info(self._url)) != self._version:
            raise driver.ChangedError


class _Stream:
    """Reads the answer of a web server as it comes; after a lost connection, another one that begins where it ended."""

    def __init__(self, system: Any, url: str) -> None:
        self._system, self._url = system, url
        self._file: Any = None
        self._version: Any = None
        self.size: int | None = None
        self._open(0)

    def read(self, start: int, size: int) -> bytes:
        if self.size is not None and start >= self.size:
            return b""
        if self._file is None or start != self._at:
            self._open(start)
        try:
            block: bytes = self._file.read(min(size, BLOCK_BYTES))
        except Exception:
            self.close()
            raise
        self._at += len(block)
        return block

    def close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            with suppress(Exception):
                file.close()

    def _open(self, start: int) -> None:
        """Ask for the bytes from `start` on; from a server without ranges they come from 0 on, and some are skipped."""
        self.close()
        headers = {"headers": {**self._system.kwargs["headers"], "Range": f"bytes={start}-"}} if start else {}
        self._file = self._system.open(self._url, "rb", block_size=0, size=1, **headers)
        answer = self._file.r
        found = {name: answer.headers[name] for name in ("ETag", "Last-Modified") if name in answer.headers}
        found["size"] = _whole_size(answer)
        if self._version not in (None, found):
            raise driver.ChangedError
        self._version, self.size, self._at = found, found["size"], start
        skipped = 0 if answer.status == 206 else start
        while skipped and (block := self._file.read(min(skipped, BLOCK_BYTES))):
            skipped -= len(block)


def version_of(found: Any) -> Any:
    """What differs between two contents of a file, as far as its driver says."""
    tags = {"etag", "md5hash", "crc32c", "last-modified", "lastmodified", "last_modified", "mtime", "created", "size"}
    return {key: value for key, value in found.items() if key.lower() in tags}


def _whole_size(answer: Any) -> int | None:
    """The bytes of the whole file, from the headers of an answer with all or a part of it; None if they do not say."""
    size = answer.headers.get("Content-Length", "")
    if answer.status == 206:
        size = answer.headers.get("Content-Range", "").rpartition("/")[2]
    return int(size) if size.isdecimal() else None
