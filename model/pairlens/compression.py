"""Files that are compressed if their names end with .gz, .bz2 or .xz.

They are written as a series of members, each complete in itself. All three formats allow that, and readers do not
notice. So files can be joined byte by byte, and one that was cut off is intact up to the end of its last member.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import IO, Any

from pairlens.locations.location import Location

COMPRESSED = (".gz", ".bz2", ".xz")


@contextmanager
def encoded(file: IO[bytes], name: str, mode: str) -> Iterator[IO[Any]]:
    """Yield a file object that writes into `file`: UTF-8 text, or bytes if `mode` has a b; compressed by `name`.

    `file` remains open. Equal contents and calls of `end_member` give equal bytes.
    """
    with ExitStack() as stack:
        stream: Any = file
        if name.endswith(COMPRESSED):
            stream = stack.enter_context(_Members(file, _OPEN[name[name.rindex(".") :]]))
        if "b" in mode:
            yield stream
            return
        buffer = io.BufferedWriter(stream)
        text = io.TextIOWrapper(buffer, encoding="utf-8", newline="\n")
        yield text
        text.detach()  # else it closes the file before it is synchronised
        buffer.detach()


def end_member(file: IO[Any], at_least_one: bool = False) -> None:
    """Flush a file from `encoded`; if it is compressed, end the current member. The next write begins another one.

    Args:
        at_least_one: write an empty member if there is none, as a compressed file must have one.
    """
    file.flush()
    stream = getattr(getattr(file, "buffer", file), "raw", file)
    if isinstance(stream, _Members):
        stream.end(at_least_one)


class _Members(io.RawIOBase):
    """Compresses what is written. When it is closed, it ends the last member, and adds an empty one if needed."""

    def __init__(self, file: IO[bytes], open_member: Callable[[IO[bytes]], IO[bytes]]) -> None:
        self._file, self._open = file, open_member
        self._member: IO[bytes] | None = None
        self._is_empty = not (file.seekable() and file.tell())

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        if self._member is None:
            self._member, self._is_empty = self._open(self._file), False
        return self._member.write(data)

    def end(self, at_least_one: bool) -> None:
        if at_least_one and self._is_empty:
            self.write(b"")
        if self._member is not None:
            self._member.close()
            self._member = None

    def close(self) -> None:
        if not self.closed:
            self.end(at_least_one=True)
        super().close()


def _gzip(file: IO[bytes]) -> Any:
    import gzip

    return gzip.GzipFile("", "wb", compresslevel=1, fileobj=file, mtime=0)


def _bzip2(file: IO[bytes]) -> Any:
    import bz2

    return bz2.BZ2File(file, "wb")


def _xz(file: IO[bytes]) -> Any:
    import lzma

    return lzma.LZMAFile(file, "wb", preset=1)


def _gzip_decompressor() -> Any:
    import zlib

    return zlib.decompressobj(31)


def _bzip2_decompressor() -> Any:
    import bz2

    return bz2.BZ2Decompressor()


def _xz_decompressor() -> Any:
    import lzma

    return lzma.LZMADecompressor()


_OPEN: dict[str, Callable[[IO[bytes]], Any]] = {".gz": _gzip, ".bz2": _bzip2, ".xz": _xz}
_DECOMPRESSOR: dict[str, Callable[[], Any]] = {
    ".gz": _gzip_decompressor,
    ".bz2": _bzip2_decompressor,
    ".xz": _xz_decompressor,
}
_BLOCK = 65_536


def first_member_size(path: Location) -> int:
    """The number of bytes of the first member of a compressed file."""
    decompressor, read = _DECOMPRESSOR[path.suffix](), 0
    with path.open("rb") as file:
        while not decompressor.eof and (block := file.read(_BLOCK)):
            decompressor.decompress(block)
            read += len(block)
    return read - len(decompressor.unused_data)
