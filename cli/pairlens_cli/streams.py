"""The standard streams and the terminal's width, as whoever started this process left them, made fit for use."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_WIDEST = 4  # digits of a terminal's width

closed: set[str] = set()  # names of those that there were not


def prepare() -> None:
    """Call this before any file is opened: it would take the number of a stream that is closed."""
    for number, name, flag in ((0, "stdin", os.O_RDONLY), (1, "stdout", os.O_WRONLY), (2, "stderr", os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            closed.add(name)
            os.open(os.devnull, flag)  # the lowest number that is free
            os.set_inheritable(number, True)
    if "stdin" in closed:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  (stays open)
    if "stdout" in closed:
        sys.stdout = open(1, "w", encoding="utf-8", newline="\n", closefd=False)  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    sys.stderr = _stderr()
    for name in ("COLUMNS", "LINES"):
        _drop_impossible(name)


def drop_lost() -> None:
    """Let stdout and stderr go nowhere if their terminal is gone: writing to it fails, and nobody reads it."""
    for number in (1, 2):
        try:
            os.write(number, b"")
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), number)


class _Stderr(io.FileIO):
    """Words for people, who may have left: no work fails for that."""

    def write(self, words: ReadableBuffer, /) -> int:
        with suppress(OSError):
            super().write(words)
        return memoryview(words).nbytes


def _stderr() -> io.TextIOWrapper:
    encoding = sys.stderr.encoding if sys.stderr else "utf-8"
    raw = _Stderr(2, "w", closefd=False)
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding, "backslashreplace", newline="\n", line_buffering=True)


def _drop_impossible(name: str) -> None:
    """Forget a size of the terminal that none has, such as 0, where nothing would be shown."""
    size = os.environ.get(name, "")
    if not (size.isascii() and size.isdecimal() and len(size) <= _WIDEST and int(size) > 0):
        os.environ.pop(name, None)
