"""The number of processors that this process may use: those of its affinity, or fewer under a time quota."""

from __future__ import annotations

import math
import os
from contextlib import suppress
from pathlib import Path

import pytest

from pairlens.kernels import threads
from pairlens.kernels.threads import available, processors, processors_limited_to, quota, use_processors


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")
    return root


GROUP = "sys/fs/cgroup"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, math.inf),
        # Version 2, as `docker --cpus=2` in a container, which sees its own group as the root.
        ({f"{GROUP}/cpu.max": "200000 100000", "proc/self/cgroup": "0::/"}, 2.0),
        ({f"{GROUP}/cpu.max": "max 100000", "proc/self/cgroup": "0::/"}, math.inf),
        # A service in a slice: both may have a limit, and the smaller one applies.
        (
            {
                "proc/self/cgroup": "0::/system.slice/own.service",
                f"{GROUP}/system.slice/cpu.max": "150000 100000",
                f"{GROUP}/system.slice/own.service/cpu.max": "400000 100000",
            },
            1.5,
        ),
        ({"proc/self/cgroup": "0::/a/b", f"{GROUP}/a/b/cpu.max": "50000 100000"}, 0.5),
        # Version 1: -1 is no limit.
        (
            {
                "proc/self/cgroup": "4:memory:/m\n3:cpu,cpuacct:/docker/1f\n0::/",
                f"{GROUP}/cpu/cpu.cfs_quota_us": "-1",
                f"{GROUP}/cpu/cpu.cfs_period_us": "100000",
                f"{GROUP}/cpu/docker/1f/cpu.cfs_quota_us": "300000",
                f"{GROUP}/cpu/docker/1f/cpu.cfs_period_us": "100000",
            },
            3.0,
        ),
        ({f"{GROUP}/cpu/cpu.cfs_quota_us": "100000", f"{GROUP}/cpu/cpu.cfs_period_us": "50000"}, 2.0),
        ({f"{GROUP}/cpu.max": "nonsense", "proc/self/cgroup": "0::/../../elsewhere"}, math.inf),
        ({f"{GROUP}/cpu.max": "100000 0"}, math.inf),
    ],
)
def test_the_quota_of_control_groups(tmp_path: Path, files: dict[str, str], expected: float) -> None:
    assert quota(write(tmp_path, files)) == expected


@pytest.mark.parametrize(("given", "expected"), [(math.inf, 64), (2.0, 2), (1.5, 2), (0.5, 1), (100.0, 64)])
def test_the_least_counts_unless_one_is_chosen(monkeypatch: pytest.MonkeyPatch, given: float, expected: int) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)))
    monkeypatch.setattr(threads, "quota", lambda: given)
    threads._quota.cache_clear()
    try:
        assert processors() == expected
        monkeypatch.setenv("PAIRLENS_THREADS", "5")
        assert (processors(), available()) == (5, expected)
        monkeypatch.setenv("PAIRLENS_THREADS", "many")
        use_processors(3)
        assert processors() == 3
    finally:
        use_processors(None)
        threads._quota.cache_clear()


def test_a_limit_ends_with_its_block() -> None:
    """And the one before it is in force again, whatever happens in the block."""
    with processors_limited_to(3):
        with suppress(ZeroDivisionError), processors_limited_to(5):
            assert processors() == 5
            raise ZeroDivisionError
        assert processors() == 3
