"""Works for the tests of clusters, in a module that workers can import."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pairlens.errors import ConfigError, DataError


@dataclass(frozen=True)
class Writes:
    """Task I writes the file I by rename, and has I pairs; tasks from 1000 on fail.

    A process that prepares leaves `prepared-PID`; one that begins a task leaves `began-I-PID`.
    """

    folder: Path
    seconds: float = 0.0

    def prepare(self) -> Callable[[int], int]:
        (self.folder / f"prepared-{os.getpid()}").touch()
        return self._do

    def _do(self, task: int) -> int:
        (self.folder / f"began-{task}-{os.getpid()}").touch()
        fail(task)
        print("a worker's words")
        print("a worker's complaint", file=sys.stderr)
        time.sleep(self.seconds)
        partial = self.folder / f"partial-{task}-{os.getpid()}"
        partial.write_text(f"result {task}\n")
        partial.rename(self.folder / str(task))
        return task


def results(folder: Path) -> dict[int, str]:
    return {int(path.name): path.read_text() for path in folder.iterdir() if path.name.isdigit()}


def prepared(folder: Path) -> set[int]:
    """The processes that have prepared."""
    return {int(path.name.split("-")[1]) for path in folder.glob("prepared-*")}


def fail(task: int) -> int:
    """Raise what the number of a task says, or kill the worker."""
    match task:
        case 1000:
            raise DataError("q.txt:3:1: not an integer")
        case 1001:
            raise ConfigError(["a.yaml:1: one", "a.yaml:2: two"])
        case 1002:
            raise UnpicklableError("x", "y")
        case 1003:
            raise PermissionError(13, "Permission denied", "scores.txt")
        case 1004:
            os.kill(os.getpid(), signal.SIGKILL)
        case 1005:
            os._exit(7)
    return 0


class UnpicklableError(Exception):
    """Cannot be unpickled: it is called with its message, but needs two arguments."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(f"{one} and {two}")
