"""Linux control groups, with which containers and service managers limit a process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path


def control_groups(controller: str, root: Path = Path("/")) -> Iterator[Path]:
    """The directories of the control groups (versions 1 and 2) that may limit this process: its own, and their parents.

    Args:
        controller: such as `memory`.
        root: the directory that contains `/proc` and `/sys`.
    """
    mounted = root / "sys/fs/cgroup"
    mounts = {"": mounted, controller: mounted / controller}  # of version 2, which names no controllers, and 1
    yield from mounts.values()  # a container sees its own group here, whatever /proc says
    for line in read(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        mount = next((mounts[name] for name in controllers.split(",") if name in mounts), None)
        group = Path(path.lstrip("/"))
        if mount and ".." not in group.parts:
            yield from (mount / part for part in (group, *group.parents) if part != Path())


def read(path: Path) -> str:
    """The text of a file of the kernel; empty if there is no such file."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""
