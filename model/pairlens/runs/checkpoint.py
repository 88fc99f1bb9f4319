"""Checkpoints, from which training resumes: the last one and, in case it is damaged, the one before it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from pairlens.directories import open_directory, remove_file
from pairlens.errors import RunError
from pairlens.files import whole_file
from pairlens.runs.names import CHECKPOINT, PREVIOUS
from pairlens.runs.npz import read_arrays, write_npz
from pairlens.runs.progress import Progress

_PROGRESS = "progress"  # the entry that contains JSON


class Checkpoint(NamedTuple):
    """What training resumes from; `warning` is set if it is not the last checkpoint written."""

    arrays: dict[str, NDArray[Any]]
    progress: Progress
    warning: str | None


def write_checkpoint(run: Path, arrays: Mapping[str, NDArray[Any]], progress: Progress) -> None:
    """Write arrays by name and the progress into one file; the previous checkpoint is kept next to it.

    The file has a CRC-32 of each array, by which `read_checkpoint` detects damage.
    """
    path = run / CHECKPOINT
    path.parent.mkdir(exist_ok=True)
    encoded = np.frombuffer(json.dumps(asdict(progress)).encode(), np.uint8)
    with whole_file(path, "wb", inside=run) as file:
        write_npz(file, {**arrays, _PROGRESS: encoded})
        file.flush()
        with open_directory(path.parent, inside=run) as directory, suppress(FileNotFoundError):
            os.replace(path.name, (run / PREVIOUS).name, src_dir_fd=directory, dst_dir_fd=directory)


def read_checkpoint(run: Path) -> Checkpoint | None:
    """Read the last checkpoint; if it is damaged, the one before it, with a warning. None if there is none.

    Raises:
        RunError: all checkpoints are damaged.
    """
    faults = []
    for path in (run / CHECKPOINT, run / PREVIOUS):
        if not path.exists():
            continue
        try:
            checkpoint = _read(path)
        except RunError as fault:
            faults.append(str(fault))
            continue
        return checkpoint._replace(warning="; ".join(faults) or None)
    if faults:
        raise RunError(f"{'; '.join(faults)}; no intact checkpoint remains, so train again with --force")
    return None


def drop_last_checkpoint(run: Path) -> None:
    """Remove the last checkpoint, which is damaged; otherwise the next write would keep it as the previous one."""
    remove_file(run / CHECKPOINT, inside=run)


def _read(path: Path) -> Checkpoint:
    arrays = read_arrays(path)
    try:
        progress = TypeAdapter(Progress).validate_python(json.loads(arrays.pop(_PROGRESS).tobytes()))
    except (KeyError, ValueError):
        raise RunError(f"{path}: damaged (no valid training progress)") from None
    return Checkpoint(arrays, progress, None)
