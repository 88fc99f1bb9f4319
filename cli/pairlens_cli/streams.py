"""Repairs what this process may inherit: closed standard streams, a lost terminal, an impossible terminal size."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_MAX_DIGITS = 4  # of a terminal's width

closed: set[str] = set()  # names of the streams that were closed at the start


def prepare() -> None:
    """Open the closed streams. To be called before any file is opened, which would take a closed stream's number."""
    for number, name, flag in ((0, "stdin", os.O_RDONLY), (1, "stdout", os.O_WRONLY), (2, "stderr", os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            closed.add(name)
            os.open(os.devnull, flag)  # takes the lowest free number, which is `number`
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
    """Redirect stdout and stderr to devnull if their terminal is gone and writing to it fails."""
    for number in (1, 2):
        try:
            os.write(number, b"")
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), number)


class _Stderr(io.FileIO):
    """stderr that ignores failed writes: a message that nobody can read stops no work."""

    def write(self, words: ReadableBuffer, /) -> int:
        with suppress(OSError):
            super().write(words)
        return memoryview(words).nbytes


def _stderr() -> io.TextIOWrapper:
    encoding = sys.stderr.encoding if sys.stderr else "utf-8"
    raw = _Stderr(2, "w", closefd=False)
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding, "backslashreplace", newline="\n", line_buffering=True)


def _drop_impossible(name: str) -> None:
    """Unset an impossible terminal size, such as 0, with which nothing would be shown."""
    size = os.environ.get(name, "")
    if not (size.isascii() and size.isdecimal() and len(size) <= _MAX_DIGITS and int(size) > 0):
        os.environ.pop(name, None)
