"""Where the time of a long job goes, stage by stage, and how much memory it takes at its peak."""

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
    """Seconds by the name of a stage. While a stage is timed inside another one, only the inner one counts.

    The first stage is "starting": what the process has done so far.
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
        """The items, with the time that it takes to get each."""
        iterator = iter(items)
        while True:
            with self.time(stage):
                try:
                    item = next(iterator)
                except StopIteration:
                    return
            yield item

    def lines(self, pairs: int) -> list[str]:
        """A line in sum, and one for each stage."""
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
    """The largest resident size of this process so far, in MB of a million bytes; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit // 1_000_000


def age_of_process() -> float:
    """Seconds since this process began; 0 where the system does not tell."""
    try:
        fields = Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        began = int(fields[19]) / os.sysconf("SC_CLK_TCK")
        return time.clock_gettime(time.CLOCK_BOOTTIME) - began
    except (OSError, AttributeError, ValueError):
        return 0.0
