"""Write a zip archive of stored (not compressed) entries in memory that does not grow with their number.

Python's zipfile keeps more than half a kilobyte for every entry until it writes the central directory; here it is kept
in a temporary file. Entries are dated 1980-01-01. Format: PKWARE's APPNOTE.TXT, 4.3 and 4.5.3 (zip64).
"""

from __future__ import annotations

import shutil
import struct
import zlib
from collections.abc import Sequence
from typing import IO

_16, _32 = 0xFFFF, 0xFFFFFFFF  # these values refer to the zip64 record
_DATE = 0x0021
_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END64 = struct.Struct("<4sQHHIIQQQQ4sIQI")
_END = struct.Struct("<4sHHHHIIH")


class StoredZip:
    """Writes to `file` from its current position, and keeps the central directory in `scratch` until `close`."""

    def __init__(self, file: IO[bytes], scratch: IO[bytes]) -> None:
        self._file, self._scratch = file, scratch
        self._offset = self._entries = 0

    def add(self, name: str, parts: Sequence[bytes | memoryview]) -> None:
        """Add an entry whose content is the concatenated parts."""
        crc, size = 0, 0
        for part in parts:
            crc, size = zlib.crc32(part, crc), size + len(part)
        encoded, flags = name.encode(), 0 if name.isascii() else 0x0800
        sizes = struct.pack("<QQ", size, size) if size >= _32 else b""
        offset = struct.pack("<Q", self._offset) if self._offset >= _32 else b""
        version = 45 if sizes or offset else 20
        shown, position = min(size, _32), min(self._offset, _32)
        local, central = _extra(sizes), _extra(sizes + offset)
        common = (version, flags, 0, 0, _DATE, crc, shown, shown, len(encoded))
        header = _LOCAL.pack(b"PK\3\4", *common, len(local)) + encoded + local
        self._scratch.write(
            _CENTRAL.pack(b"PK\1\2", version, *common, len(central), 0, 0, 0, 0o600 << 16, position) + encoded + central
        )
        self._file.write(header)
        for part in parts:
            self._file.write(part)
        self._offset += len(header) + size
        self._entries += 1

    def close(self) -> None:
        """Write the central directory; the file remains open."""
        size = self._scratch.tell()
        self._scratch.seek(0)
        shutil.copyfileobj(self._scratch, self._file, 1 << 20)
        end = self._offset + size
        if self._entries >= _16 or end >= _32:
            entries, where = (self._entries, self._entries), (size, self._offset)
            self._file.write(_END64.pack(b"PK\6\6", 44, 45, 45, 0, 0, *entries, *where, b"PK\6\7", 0, end, 1))
        count = min(self._entries, _16)
        self._file.write(_END.pack(b"PK\5\6", 0, 0, count, count, min(size, _32), min(self._offset, _32), 0))


def _extra(numbers: bytes) -> bytes:
    """The zip64 extra field."""
    return struct.pack("<HH", 1, len(numbers)) + numbers if numbers else b""
