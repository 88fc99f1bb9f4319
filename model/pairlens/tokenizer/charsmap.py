"""Checking the character replacement table of a Precompiled normalizer, as compiled by SentencePiece.

The library trusts the table, and a damaged one makes it read out of bounds. The layout is that of darts-clone
(https://github.com/s-yata/darts-clone): the size in bytes, units of 32 bits, and the texts that the leaves point to,
each ended by a NUL.
"""

from __future__ import annotations

import base64
import struct

import numpy as np

LONGEST = 64  # bytes that may replace one character; NFKC needs 33
_LEAF = 2**31


def charsmap_fault(encoded: object) -> str | None:
    """What is wrong with the table, given in base64; None if no text can lead out of bounds."""
    try:
        table = base64.b64decode(str(encoded), validate=True)
        (size,) = struct.unpack_from("<I", table)
    except (ValueError, struct.error):
        return "is not a table in base64"
    units, texts = table[4 : 4 + size], table[4 + size :]
    if size % 4 or not size or len(units) < size:
        return "is cut off"
    return _units_fault(np.frombuffer(units, "<u4").astype(np.int64), texts)


def _units_fault(units: np.ndarray, texts: bytes) -> str | None:
    inner = np.flatnonzero(units < _LEAF)
    offsets = (units[inner] >> 10) << ((units[inner] & 512) >> 6)
    if (((inner ^ offsets) | 255) >= len(units)).any():  # the children of a unit: one for each byte
        return "points outside itself"
    starts = np.append(0, np.flatnonzero(np.frombuffer(texts, np.uint8) == 0) + 1)
    if not np.isin(units[units >= _LEAF] - _LEAF, starts).all():
        return "points into the middle of a text"
    if max(map(len, texts.split(b"\0"))) > LONGEST:
        return f"replaces a character by more than {LONGEST} bytes"
    try:
        texts.decode()
    except UnicodeDecodeError:
        return "contains text that is not UTF-8"
    return None
