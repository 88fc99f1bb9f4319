"""Two or more pieces of work at once, for kernels, which run without the interpreter's lock."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

Piece = TypeVar("Piece")


def each(work: Callable[[Piece], None], pieces: Iterable[Piece]) -> None:
    """Do the work on all pieces, in as many threads as there are processors for this process."""
    list(_threads().map(work, pieces))


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(len(os.sched_getaffinity(0)), "pairlens-kernels")
