"""Available memory, and the refusal of work that cannot fit into it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from pairlens.control_groups import control_groups, read
from pairlens.errors import UsageError

MIB = 2**20


def refuse_too_large(what: str, parts: Mapping[str, int], available: int | None) -> None:
    """Raise UsageError, naming the largest part, if half of `parts` (bytes by name) exceeds `available` bytes.

    Half, because the estimate may be twice too high.
    """
    total = sum(parts.values())
    if available is not None and total > 2 * available:
        name, largest = max(parts.items(), key=lambda part: part[1])
        raise UsageError(
            f"{what} takes about {in_words(total)} of memory, but {in_words(available)} are available; "
            f"{in_words(largest)} are {name}"
        )


def available_memory(root: Path = Path("/")) -> int | None:
    """Bytes that this process may still allocate, limited by the machine and its control groups; None if unknown.

    Without `/proc/meminfo`, as on macOS, all the memory of the machine counts as available.
    """
    limits = []
    described = read(root / "proc/meminfo")
    if not described and (total := _whole_memory()):
        limits.append(total)
    for line in described.splitlines():
        if line.startswith("MemAvailable:"):
            limits.append(int(line.split()[1]) * 1024)
    for group in control_groups("memory", root):
        for limit, usage in (("memory.max", "memory.current"), ("memory.limit_in_bytes", "memory.usage_in_bytes")):
            most, used = read(group / limit), read(group / usage)
            if most.isdigit() and used.isdigit():
                limits.append(max(int(most) - int(used), 0))
    return min(limits, default=None)


def _whole_memory() -> int | None:
    """The machine's memory in bytes; None if unknown."""
    with suppress(OSError, ValueError, AttributeError):  # a system without these names
        pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
        return pages * size if pages > 0 and size > 0 else None
    return None


def in_words(size: int) -> str:
    return f"{size / 1e9:,.1f} GB" if size >= 1e8 else f"{size / 1e6:,.0f} MB"
