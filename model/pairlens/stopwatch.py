"""The time of a long job, stage by stage, and its peak memory."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

Item = TypeVar("Item")


class Stopwatch:
    """Seconds by stage. Time in a stage inside another one counts for the inner one only.

    The first stage, "starting", is the time since the process began.
    """

    def __init__(self) -> None:
        self.seconds = {"starting": age_of_process()}
        self._running: list[str] = []
        self._since = time.perf_counter()

    @contextmanager
    def time(self, stage: str) -> Iterator[None]:
        self._switch()
        self._running.append(stage)
        try:
            yield
        finally:
            self._switch()
            self._running.pop()

    def timed(self, stage: str, items: Iterable[Item]) -> Iterator[Item]:
        """Yield the items; the time to get each counts for the stage."""
        iterator = iter(items)
        while True:
            with self.time(stage):
                try:
                    item = next(iterator)
                except StopIteration:
                    return
            yield item

    def lines(self, pairs: int) -> list[str]:
        """The report: a line of totals, and a line for each stage."""
        self._switch()
        total = sum(self.seconds.values())
        lines = [f"{pairs:,} pairs in {total:.2f} s: {pairs / total:,.0f} pairs/s; peak memory {peak_memory():,} MB"]
        for stage, seconds in self.seconds.items():
            lines.append(f"  {stage:<9} {seconds:7.2f} s {seconds / total:6.1%}")
        return lines

    def _switch(self) -> None:
        now = time.perf_counter()
        stage = self._running[-1] if self._running else "other"
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._since
        self._since = now


def peak_memory() -> int:
    """The peak resident size of this process so far, in MB (10^6 bytes); 0 if the system does not report it."""
    try:
        import resource
    except ImportError:
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit // 1_000_000


def age_of_process() -> float:
    """Seconds since this process began; 0 if the system does not report it."""
    try:
        fields = Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        began = int(fields[19]) / os.sysconf("SC_CLK_TCK")
        return time.clock_gettime(time.CLOCK_BOOTTIME) - began
    except (OSError, AttributeError, ValueError):
        return 0.0
