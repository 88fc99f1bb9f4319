"""The files of events that TensorBoard reads, in a run's folder for them: one for each time that training goes on.

A file has records: 8 bytes of length, 4 of their checksum, an event as a protocol buffer, 4 of its checksum. Its name
ends with the step that training went on from; files with other names belong to other programs, and stay as they are. A
record is written whole, at once, and outlives the process.
"""

from __future__ import annotations

import os
import re
import struct
import time
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pairlens.runs import names

if TYPE_CHECKING:
    from tensorboardX.proto.event_pb2 import Event
    from tensorboardX.proto.summary_pb2 import Summary

_LENGTH, _CHECKSUM = struct.Struct("<Q"), 4  # of a checksum in bytes
_FRAME = _LENGTH.size + 2 * _CHECKSUM
_NAME = re.compile(re.escape(names.EVENTS) + "([0-9]{10,})")


class EventFile:
    """A new file of events, which begins after step `start`; what earlier files have of later steps is removed.

    Args:
        of_end: how the tags begin that only a finished training writes; what earlier files have of them is removed too.

    Attributes:
        continues: whether there are earlier events.
    """

    def __init__(self, run: Path, start: int, of_end: Sequence[str] = ()) -> None:
        from tensorboardX.proto.event_pb2 import Event

        folder = run / names.TENSORBOARD
        folder.mkdir(exist_ok=True)
        self.continues = _forget_later(folder, start, tuple(of_end))
        self._file = (folder / f"{names.EVENTS}{start:010}").open("wb")
        weakref.finalize(self, self._file.close)
        self._write(Event(wall_time=time.time(), file_version="brain.Event:2"))

    def add(self, step: int, summary: Summary) -> None:
        from tensorboardX.proto.event_pb2 import Event

        self._write(Event(wall_time=time.time(), step=step, summary=summary))

    def _write(self, event: Event) -> None:
        data = event.SerializeToString()
        length = _LENGTH.pack(len(data))
        self._file.write(b"".join([length, _checksum(length), data, _checksum(data)]))
        self._file.flush()


def _forget_later(folder: Path, step: int, of_end: tuple[str, ...]) -> bool:
    """Cut off all events after `step` or of the end, and a record that is not whole; return whether any are left."""
    left = False
    for path in sorted(folder.iterdir()):
        name = _NAME.fullmatch(path.name)
        if not name:
            continue
        if int(name[1]) >= step:
            path.unlink()
            continue
        kept = 0
        for event, end in events_of(path):
            if event.step > step or any(value.tag.startswith(of_end) for value in event.summary.value):
                break
            kept = end
        os.truncate(path, kept)
        left = True
    return left


def events_of(path: Path) -> Iterator[tuple[Event, int]]:
    """Yield each event of a file and where its record ends, up to a record that is damaged or not whole."""
    from tensorboardX.proto.event_pb2 import Event

    content, at = path.read_bytes(), 0
    while len(content) - at >= _FRAME:
        begin = at + _LENGTH.size + _CHECKSUM
        length, end = content[at : at + _LENGTH.size], begin + _LENGTH.unpack_from(content, at)[0]
        data = content[begin:end]
        if content[begin - _CHECKSUM : begin] + content[end : end + _CHECKSUM] != _checksum(length) + _checksum(data):
            return
        at = end + _CHECKSUM
        yield Event.FromString(data), at


def _checksum(data: bytes) -> bytes:
    from tensorboardX.record_writer import masked_crc32c

    return struct.pack("<I", masked_crc32c(data))
