"""Files → blocks of bytes: decompressed by suffix, and every failure of the disk or the format one clear line."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BufferedIOBase
from pathlib import Path
from typing import BinaryIO

from pairlens.errors import DataError

_DECOMPRESS: dict[str, Callable[[BinaryIO], BufferedIOBase]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
SUFFIXES = ("", *_DECOMPRESS)

# The parser's arrays for a block of this size stay in the processor's cache; with 4 MiB it takes twice as long.
BLOCK_BYTES = 2**19


def read_blocks(path: Path) -> Iterator[bytes]:
    """Yields the bytes of a file; if its name ends with .gz, .bz2 or .xz, the decompressed bytes.

    Raises:
        DataError: the file is missing, unreadable, a directory, truncated or damaged.
    """
    with data_errors(str(path)), path.open("rb") as file:
        decompress = _DECOMPRESS.get(path.suffix)
        if decompress is None:
            yield from stream_blocks(file, str(path))
            return
        if not file.peek(1):  # gzip takes this for a file without members
            raise EOFError("it is empty")
        with decompress(file) as stream:
            yield from stream_blocks(stream, str(path))


def stream_blocks(stream: BinaryIO | BufferedIOBase, name: str) -> Iterator[bytes]:
    """Yields the bytes of an open stream; `name` stands for it in messages.

    Raises:
        DataError: the stream cannot be read.
    """
    with data_errors(name):
        while block := stream.read(BLOCK_BYTES):
            yield block


@contextmanager
def data_errors(name: str) -> Iterator[None]:
    """Failures of the disk or of a compressed format as one line that starts with `name`."""
    try:
        yield
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        if isinstance(error, OSError) and error.strerror:
            raise DataError(f"{name}: {error.strerror}") from error
        raise DataError(f"{name}: truncated or damaged: {error}") from error
