"""What training goes on from: the last state that was saved and, in case that is damaged, the one before it."""

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

_PROGRESS = "progress"  # the entry that holds JSON


class Checkpoint(NamedTuple):
    """What training goes on from, and a warning if it is not the last one that was written."""

    arrays: dict[str, NDArray[Any]]
    progress: Progress
    warning: str | None


def write_checkpoint(run: Path, arrays: Mapping[str, NDArray[Any]], progress: Progress) -> None:
    """Arrays by name and everything else that training needs to go on, in one file; the last one is kept beside it.

    Each array has its CRC-32 in the file, so that `read_checkpoint` sees damage.
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
    """What `write_checkpoint` wrote last, if anything; the one before it, with a warning, if that is damaged.

    Raises:
        RunError: there are checkpoints, but all are damaged.
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
        raise RunError(f"{'; '.join(faults)}. No checkpoint is left to go on from; --force starts anew")
    return None


def drop_last_checkpoint(run: Path) -> None:
    """Remove the last one, which is damaged: the next would else keep it in the place of the one before."""
    remove_file(run / CHECKPOINT, inside=run)


def _read(path: Path) -> Checkpoint:
    arrays = read_arrays(path)
    try:
        progress = TypeAdapter(Progress).validate_python(json.loads(arrays.pop(_PROGRESS).tobytes()))
    except (KeyError, ValueError):
        raise RunError(f"{path}: damaged (does not say where training stood)") from None
    return Checkpoint(arrays, progress, None)
