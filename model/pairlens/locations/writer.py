"""Writing a remote file that takes its name only when it is whole."""

from __future__ import annotations

import hashlib
import io
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any

from pairlens.errors import PairlensError, UsageError
from pairlens.locations import driver
from pairlens.locations.remote import Remote

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

PART_BYTES = 2**23  # the least that is uploaded at once
_IN_PARTS = ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss")
_BUFFER = 2**20


def part_bytes(written: int) -> int:
    """The bytes of the next part of an upload; they grow, because S3 allows 10,000 parts of a file."""
    return max(1, written // 1000 // PART_BYTES) * PART_BYTES


def refuse_unwritable(path: Remote, replace: bool) -> None:
    """Raise UsageError if an address cannot be written, or exists and may not be replaced; DataError without a bucket.

    With `replace`, it need not be readable.
    """
    if path.scheme in ("http", "https"):
        raise UsageError(f"{path}: a web address can only be read; name a file or a bucket")
    if not path.name:
        raise UsageError(f"{path}: is a bucket; name a file in it")
    try:
        found = driver.info(path.url, str(path))
    except driver.DeniedError:
        if replace:
            return
        raise
    if found is not None and found["type"] == "file" and not replace:
        raise UsageError(f"{path}: exists already; choose another name, or replace it with --force")


@contextmanager
def upload(path: Remote, replace: bool, seeks: bool) -> Iterator[IO[bytes]]:
    """Yield a file for writing that takes its name only if the block ends without an exception.

    It is uploaded in parts while it is written. If the block fails or is interrupted, the parts are removed. With
    `seeks`, or if its driver knows no parts that are put together at the end, it is written to a temporary file first.

    Raises:
        PairlensError: the file exists and may not be replaced. DataError: it cannot be written.
    """
    if seeks or path.scheme not in _IN_PARTS:
        with TemporaryFile() as file:
            yield file
            file.seek(0)
            with _Upload(path, replace) as raw:
                shutil.copyfileobj(file, raw, _BUFFER)
        return
    with _Upload(path, replace) as raw:
        buffer = io.BufferedWriter(raw, _BUFFER)
        yield buffer
        buffer.flush()


class _Upload(io.RawIOBase):
    """Uploads what is written, in another thread: so an interruption waits for the request that is under way, without
    which its part could not be removed."""

    def __init__(self, path: Remote, replace: bool) -> None:
        self._path, self._replace = path, replace
        self._thread = ThreadPoolExecutor(1)
        self._last: Future[Any] | None = None
        self._written, self._abandoned = 0, False
        self._file: Any = None

    def __enter__(self) -> _Upload:
        self._do(self._open)
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            if kind is None:
                self._do(self._finish)
        except BaseException:
            self._abandon()
            raise
        else:
            if kind is not None:
                self._abandon()
        finally:
            self._thread.shutdown()

    def writable(self) -> bool:
        return True

    def write(self, block: ReadableBuffer, /) -> int:
        content = bytes(block)
        if not self._abandoned:  # buffers in front of an abandoned upload may still be flushed
            self._wait()
            self._last = self._thread.submit(self._write, content)
        return len(content)

    def close(self) -> None:
        """Does nothing: the block of `upload` decides whether the file is kept."""

    def _wait(self) -> None:
        """Wait for the last write, and raise what it raised."""
        if self._last is not None:
            last, self._last = self._last, None
            last.result()

    def _do(self, work: Callable[[], None]) -> None:
        self._wait()
        self._thread.submit(work).result()

    # ---- in the thread -------------------------------------------------------------------------------------------

    def _open(self) -> None:
        if self._path.scheme not in _IN_PARTS:
            self._refuse_taken()
        system = driver.file_system(self._path.url, str(self._path))
        exclusive = not self._replace and self._path.scheme in ("s3", "s3a")  # which checks it once more, atomically
        self._file = self._named(
            lambda: system.open(self._path.url, "xb" if exclusive else "wb", block_size=PART_BYTES, autocommit=False)
        )

    def _write(self, content: bytes) -> None:
        self._written += len(content)
        self._file.blocksize = part_bytes(self._written)
        self._named(lambda: self._file.write(content))

    def _finish(self) -> None:
        if self._path.scheme in _IN_PARTS:
            self._refuse_taken()
        self._named(self._file.close)  # uploads the last part
        try:
            self._file.commit()
        except Exception as error:
            if self._is_ours():
                return  # the answer to an earlier attempt was lost
            taken = isinstance(error, FileExistsError)
            raise (self._taken() if taken else driver.failure(str(self._path), error)) from None

    def _is_ours(self) -> bool:
        """Whether the file on S3 has the tag that our parts give: the MD5 of their MD5s, and their number."""
        parts = getattr(self._file, "parts", None)
        found = driver.info(self._path.url, str(self._path)) if parts else None
        if not parts or not found:
            return False
        tags = [part["ETag"].strip('"') for part in parts]
        try:
            whole = hashlib.md5(b"".join(map(bytes.fromhex, tags)), usedforsecurity=False).hexdigest()
        except ValueError:  # encrypted by a key of the user's
            return False
        return bool(found.get("ETag", "").strip('"') == f"{whole}-{len(tags)}")

    def _abandon(self) -> None:
        """Remove the parts that were uploaded."""
        self._abandoned = True
        with suppress(Exception):
            self._thread.submit(self._discard).result()

    def _discard(self) -> None:
        if self._file is not None:
            self._file.forced = True  # so that closing it, as its destructor does, uploads nothing
            self._file.discard()
            self._file.close()
            if self._path.scheme not in _IN_PARTS:
                self._path.unlink(missing_ok=True)

    def _named(self, work: Callable[[], Any]) -> Any:
        """Do what the driver tries again itself; its failures become ours."""
        try:
            return work()
        except Exception as error:
            raise driver.failure(str(self._path), error) from None

    def _refuse_taken(self) -> None:
        if not self._replace and self._path.exists():
            raise self._taken()

    def _taken(self) -> PairlensError:
        return PairlensError(
            f"{self._path}: was created by another process in the meantime and is kept; choose another name, or "
            "replace it with --force"
        )
