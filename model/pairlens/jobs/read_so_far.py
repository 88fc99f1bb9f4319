"""A digest of the part of a file that a job has read; size and time alone would not identify its contents."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from pairlens.texts.blocks import SUFFIXES, data_errors

_BLOCK = 2**20  # bytes
_COMPRESSED = tuple(suffix for suffix in SUFFIXES if suffix)


class ReadSoFar:
    """The digest of a file from byte `start` on, extended incrementally.

    For a compressed file, it is the digest of the whole file, as its bytes are not those of the texts.
    """

    def __init__(self, path: Path, start: int = 0) -> None:
        self._path = path
        self._digest, self._bytes = hashlib.blake2b(digest_size=16), 0 if path.name.endswith(_COMPRESSED) else start

    def up_to(self, end: int | None = None) -> tuple[int, str]:
        """Return the position up to which bytes were digested, at least `end`, and their digest; None means the end of
        the file.

        Raises:
            DataError: the file cannot be read.
        """
        if end is None or self._path.name.endswith(_COMPRESSED):
            with data_errors(str(self._path)):
                end = self._path.stat().st_size
        if self._bytes < end:
            self._digest_to(end)
        return self._bytes, self._digest.hexdigest()

    def _digest_to(self, end: int) -> None:
        with data_errors(str(self._path)), self._path.open("rb") as file:
            file.seek(self._bytes, os.SEEK_SET)
            while self._bytes < end and (block := file.read(min(_BLOCK, end - self._bytes))):
                self._digest.update(block)
                self._bytes += len(block)
