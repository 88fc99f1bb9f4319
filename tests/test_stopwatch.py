"""The stopwatch: time is counted for the innermost stage only."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from pairlens.stopwatch import Stopwatch, peak_memory


def test_only_the_innermost_stage_counts() -> None:
    watch = Stopwatch()
    with watch.time("scoring"):
        time.sleep(0.03)
        with watch.time("reading"):
            time.sleep(0.2)
    assert watch.seconds["reading"] >= 0.2
    assert 0.03 <= watch.seconds["scoring"] < 0.2


def test_a_stage_times_the_making_of_items_and_not_their_use() -> None:
    watch = Stopwatch()

    def items() -> Iterator[int]:
        for number in (1, 2):
            time.sleep(0.01)
            yield number

    seen = []
    for item in watch.timed("reading", items()):
        time.sleep(0.2)
        seen.append(item)
    assert seen == [1, 2]
    assert 0.02 <= watch.seconds["reading"] < 0.3
    assert watch.seconds["other"] >= 0.4


def test_the_lines_add_up() -> None:
    watch = Stopwatch()
    watch.seconds |= {"starting": 1.0, "reading": 1.0, "scoring": 2.0}
    first, *stages = watch.lines(1000)
    assert first.startswith("1,000 pairs in 4.0")
    shares = [float(line.rsplit(maxsplit=1)[1].rstrip("%")) for line in stages]
    assert sum(shares) == pytest.approx(100, abs=0.3)


def test_the_peak_is_of_this_process() -> None:
    before = peak_memory()
    block = bytearray(50_000_000)
    block[::4096] = b"x" * len(block[::4096])
    assert before <= peak_memory() < before + 500
