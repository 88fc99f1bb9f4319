"""Run commands as whole processes, in turns, and measure their costs.

Linux counts the memory of the parent process for a new child, so the measuring process must stay small.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

Command = Sequence[str]

THREADS = 2  # per engine


class Cost(NamedTuple):
    """Seconds on the clock, peak resident bytes, and the number that the command printed (NaN if it printed none)."""

    seconds: float
    memory: float
    printed: float


def run_once(command: Command) -> Cost:
    """Run a command to its end. If it fails, exit with its stderr."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=err)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode:
            sys.exit(f"{' '.join(command)}: exit code {process.returncode}\n{err.read()}")
        return Cost(seconds, usage.ru_maxrss * 1024.0, _number(out.read()))


def run_turn(commands: Mapping[str, Command]) -> dict[str, Cost]:
    """Run each command once, in order. Over many turns, other load on the machine affects all of them alike."""
    return {name: run_once(command) for name, command in commands.items()}


def medians(turns: Sequence[Mapping[str, Cost]]) -> dict[str, Cost]:
    """The median costs of each command, number by number."""
    return {name: Cost(*map(median, zip(*(turn[name] for turn in turns), strict=True))) for name in turns[0]}


def in_child(function: Callable[..., object], *arguments: Any) -> None:
    """Call a function in its own process; exit if that fails."""
    process = multiprocessing.get_context("spawn").Process(target=function, args=arguments)
    process.start()
    process.join()
    if process.exitcode:
        sys.exit(process.exitcode)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")
