"""The control groups of Linux, by which containers and service managers limit what a process may take."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path


def control_groups(controller: str, root: Path = Path("/")) -> Iterator[Path]:
    """The directories that may limit this process, of both versions of control groups: its own, and those around it.

    Args:
        controller: such as `memory`.
        root: where the file systems `/proc` and `/sys` are.
    """
    mounted = root / "sys/fs/cgroup"
    places = {"": mounted, controller: mounted / controller}  # of version 2, which names no controllers, and 1
    yield from places.values()  # a container sees its own there, whatever /proc says
    for line in read(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        place = next((places[name] for name in controllers.split(",") if name in places), None)
        group = Path(path.lstrip("/"))
        if place and ".." not in group.parts:
            yield from (place / part for part in (group, *group.parents) if part != Path())


def read(path: Path) -> str:
    """What a file of the kernel says; nothing if there is no such file."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""
