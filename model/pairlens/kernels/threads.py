"""Pieces of work at once, for kernels, which run without the interpreter's lock."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

Each = Callable[..., Iterable[Any]]  # `map`, in this thread or in several


def processors() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0))


def each_in(threads: int) -> Each:
    """`map` that begins at once, in so many threads; in one it also ends, so that no results wait for their use."""
    if threads == 1:
        return lambda function, *arguments: list(map(function, *arguments))
    return _pool(threads).map


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    """One for all who ask for so many threads."""
    return ThreadPoolExecutor(threads, "pairlens")


os.register_at_fork(after_in_child=_pool.cache_clear)  # threads stay with their process
