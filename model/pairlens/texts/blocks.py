"""Reading files as blocks of bytes, decompressed by suffix; disk and format failures become one-line errors."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import stat
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import BufferedIOBase, FileIO
from typing import BinaryIO

import numpy as np

from pairlens.errors import DataError
from pairlens.locations.location import Location

_DECOMPRESS: dict[str, Callable[[BinaryIO], BufferedIOBase]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
SUFFIXES = ("", *_DECOMPRESS)

# The parser's arrays for a block of this size stay in the processor's cache; with 4 MiB it takes twice as long.
BLOCK_BYTES = 2**19

# A file that is read into memory whole may not expand further than this. Texts rarely compress to less than a tenth.
MAX_EXPANSION = 100
_SMALL = 2**24  # bytes that are always accepted


def read_blocks(path: Location, whole: bool = False, start: int = 0, end: int | None = None) -> Iterator[bytes]:
    """Yield the bytes of a file from `start` up to `end`, decompressed if its name ends with .gz, .bz2 or .xz.

    Args:
        start, end: counts of bytes after decompression.
        whole: the caller keeps all blocks; then the file may not expand to more than 100 times its size.

    Raises:
        DataError: the file is missing, unreadable, a directory, truncated or damaged, or changes while it is read.
    """
    with data_errors(str(path)), path.open("rb") as file:
        before = _status(file)
        done = 0
        for block in _up_to(_decompressed(file, path, start), None if end is None else end - start):
            done += len(block)
            if whole and before and done > max(_SMALL, MAX_EXPANSION * before[0]):
                raise DataError(f"{path}: expands to more than {MAX_EXPANSION} times its size; decompress it first")
            yield block
        if before != _status(file):
            raise DataError(f"{path}: changed while it was read; try again when nothing writes to it")


def _up_to(blocks: Iterator[bytes], count: int | None) -> Iterator[bytes]:
    """Yield the first `count` bytes; all of them if it is None."""
    if count is None:
        yield from blocks
        return
    for block in blocks:
        yield block[:count]
        count -= len(block)
        if count <= 0:
            return


def _status(file: BinaryIO) -> tuple[int, int] | None:
    """Size and time of the last change; None for a pipe or device. A remote file notices changes itself."""
    raw = getattr(file, "raw", None)
    if not isinstance(raw, FileIO):
        size = getattr(raw, "size", None)
        return None if size is None else (size, 0)
    found = os.fstat(file.fileno())
    return (found.st_size, found.st_mtime_ns) if stat.S_ISREG(found.st_mode) else None


def _decompressed(file: BinaryIO, path: Location, start: int) -> Iterator[bytes]:
    decompress = _DECOMPRESS.get(path.suffix)
    if decompress is None:
        if start:
            file.seek(start)
        yield from stream_blocks(file, str(path))
        return
    if not file.peek(1):  # type: ignore[attr-defined]  # gzip reads an empty file without an error
        raise EOFError("it is empty")
    with decompress(file) as stream:
        if start:
            stream.seek(start)
        yield from stream_blocks(stream, str(path))


class LineEnds:
    """Passes on the blocks of a file and locates the line ends in the current one.

    Args:
        start, line: the count of bytes and of whole lines before the first block.
    """

    def __init__(self, blocks: Iterable[bytes], start: int = 0, line: int = 0) -> None:
        self._blocks, self._block = blocks, b""
        self._start, self._line = start, line

    def __iter__(self) -> Iterator[bytes]:
        for block in self._blocks:
            self._start += len(self._block)
            self._line += self._block.count(b"\n")
            self._block = block
            yield block

    def end_of(self, line: int) -> int | None:
        """The count of bytes up to the end of line `line`, from 1; None if the line does not end in this block."""
        ends = np.flatnonzero(np.frombuffer(self._block, np.uint8) == ord("\n"))
        number = line - self._line - 1
        return self._start + int(ends[number]) + 1 if 0 <= number < len(ends) else None


def stream_blocks(stream: BinaryIO | BufferedIOBase, name: str) -> Iterator[bytes]:
    """Yield the bytes of an open stream; `name` is its name in messages.

    Raises:
        DataError: the stream cannot be read.
    """
    with data_errors(name):
        while block := stream.read(BLOCK_BYTES):
            yield block


@contextmanager
def data_errors(name: str) -> Iterator[None]:
    """Raise DataError, whose message begins with `name`, for failures of the disk or of a compressed format."""
    try:
        yield
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        if isinstance(error, OSError) and error.strerror:
            raise DataError(f"{name}: {error.strerror}") from error
        raise DataError(f"{name}: truncated or damaged ({error}); replace it with an intact copy") from error
