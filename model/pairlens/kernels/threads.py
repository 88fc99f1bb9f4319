"""How many processors to use, and threads for kernels, which run without the interpreter's lock."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from pairlens.control_groups import control_groups, read
from pairlens.errors import UsageError

Each = Callable[..., Iterable[Any]]  # `map`, in this thread or in several

VARIABLE = "PAIRLENS_THREADS"

_chosen: int | None = None


def processors() -> int:
    """The number of processors to use: what `use_processors` says; else VARIABLE; else all that are available.

    Raises:
        UsageError: the variable counts, and is no integer ≥ 1.
    """
    return _chosen or _of_variable() or available()


def available() -> int:
    """The number of processors that this process may run on, or whose time its control groups allow, if fewer."""
    return min(_allowed(), _quota())


def _of_variable() -> int | None:
    value = os.environ.get(VARIABLE)
    if not value:
        return None
    if not (value.isascii() and value.isdecimal() and int(value) > 0):
        raise UsageError(f"{VARIABLE}: {value!r} must be an integer ≥ 1, the default of --threads; or unset it")
    return int(value)


def use_processors(count: int | None) -> None:
    """Set the number of processors that this process uses; None for the default."""
    global _chosen  # noqa: PLW0603
    _chosen = count


@contextmanager
def processors_limited_to(count: int | None) -> Iterator[None]:
    """Use so many processors within the block, as `use_processors` says, and as many as before after it."""
    before = _chosen
    use_processors(count)
    try:
        yield
    finally:
        use_processors(before)


def _allowed() -> int:
    """How many processors the operating system lets this process run on."""
    if hasattr(os, "process_cpu_count"):  # since Python 3.13, which also takes PYTHON_CPU_COUNT
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def quota(root: Path = Path("/")) -> float:
    """The number of processors whose time the control groups of this process allow; infinite without a limit."""
    quotas = [math.inf]
    for group in control_groups("cpu", root):
        numbers = read(group / "cpu.max").split() or [
            read(group / "cpu.cfs_quota_us"),  # -1 without a limit
            read(group / "cpu.cfs_period_us"),
        ]
        if len(numbers) == 2 and all(number.isdigit() and int(number) > 0 for number in numbers):
            quotas.append(int(numbers[0]) / int(numbers[1]))
    return min(quotas)


@cache
def _quota() -> int:
    """The quota, rounded up to whole processors."""
    return math.ceil(min(quota(), sys.maxsize))


def each_in(threads: int) -> Each:
    """A `map` that starts at once in `threads` threads; with one thread, it also finishes before it returns."""
    if threads == 1:
        return lambda function, *arguments: list(map(function, *arguments))
    return _pool(threads).map


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    """The pool of this many threads, shared by all callers."""
    return ThreadPoolExecutor(threads, "pairlens")


os.register_at_fork(after_in_child=_pool.cache_clear)  # a child process has no threads of its parent
