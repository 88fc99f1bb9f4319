"""Finds the runs below a folder, and says of each what it is: without weights, kernels or data."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pairlens.config.schema import Config
from pairlens.errors import UsageError
from pairlens.runs.names import CHECKPOINT, CONFIG, ENVIRONMENT, PREVIOUS, WEIGHTS
from pairlens.runs.run import Run

_DEPTH = 6  # folders within folders
_BEGUN = (ENVIRONMENT, WEIGHTS, CHECKPOINT, PREVIOUS)


class Listed(NamedTuple):
    """A run, as far as it can be read.

    Attributes:
        state: finished, unfinished or damaged.
        metric, dev: the decisive metric, and its value of the best weights on dev so far; None without a dev split, and
            before the first epoch is over.
        data: the prefixes of train.
        created: when training began, in ISO 8601; None if that is not recorded.
        fault: why a damaged run cannot be read.
    """

    path: Path
    state: str
    task: str | None = None
    metric: str | None = None
    dev: float | None = None
    epochs: int | None = None
    data: str | None = None
    seed: int | None = None
    created: str | None = None
    fault: str | None = None


def run_folders(folder: Path, depth: int = _DEPTH) -> Iterator[Path]:
    """Yield the run directories below a folder, or the folder itself if it is one, by name.

    A folder that cannot be read has none. Each directory counts once: links are followed after all that is not linked,
    and only to directories that were not seen.
    """
    seen, links = set[tuple[int, int]](), list[tuple[Path, int]]()
    found = list(_runs_in(folder, depth, seen, links))
    while links:
        found += _runs_in(*links.pop(0), seen, links)
    yield from sorted(found)


def _runs_in(folder: Path, depth: int, seen: set[tuple[int, int]], links: list[tuple[Path, int]]) -> Iterator[Path]:
    """The runs in a directory that is not seen yet; links to other directories, and their depths, go to `links`."""
    try:
        status = folder.stat()
        if (status.st_dev, status.st_ino) in seen:
            return
        seen.add((status.st_dev, status.st_ino))
        if is_run_folder(folder):
            yield folder
            return
        inner = sorted(os.scandir(folder), key=lambda entry: entry.name) if depth else []
    except OSError:
        return
    for entry in inner:
        if entry.is_symlink():
            links.append((folder / entry.name, depth - 1))
        elif entry.is_dir():
            yield from _runs_in(folder / entry.name, depth - 1, seen, links)


def is_run_folder(path: Path) -> bool:
    """Whether training has begun in a directory: by a run's config with another of its files, or by its weights."""
    if (path / CONFIG).is_file():
        return any((path / name).exists() for name in _BEGUN)
    return (path / WEIGHTS).is_file()


def list_runs(folder: Path) -> Iterator[Listed]:
    """Yield every run below a folder, by name.

    Raises:
        UsageError: there is no such folder, or it cannot be read.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder; give the folder that your runs are in, such as runs")
    try:
        os.scandir(folder).close()
    except OSError as error:
        raise UsageError(f"{folder}: cannot be read: {error.strerror}") from None
    yield from map(_listed, run_folders(folder))


def _listed(path: Path) -> Listed:
    try:
        return _read(Run.open(path))
    except (UsageError, OSError) as error:
        return Listed(path, "damaged", fault=str(error).splitlines()[0])


def _read(run: Run) -> Listed:
    """Raises UsageError if a file of the run is damaged."""
    config, lines = run.config(), run.metrics()
    metric = config.decisive_metric if config.data.dev else None
    dev = [line["dev"].get(metric) for line in lines if line.get("best")] if metric else []
    created = run.environment().get("created")
    return Listed(
        run.folder,
        "finished" if _is_finished(run, config, lines) else "unfinished",
        config.task,
        metric,
        dev[-1] if dev else None,
        len(lines),
        config.data.named("train"),
        config.training.seed,
        created if isinstance(created, str) else None,
    )


def _is_finished(run: Run, config: Config, lines: list[dict[str, Any]]) -> bool:
    """Whether its last step is done: with dev, evaluation.json is written then; without, no epoch ends early."""
    if not (run.folder / WEIGHTS).is_file():
        return False
    return run.evaluation() is not None if config.data.dev else len(lines) >= config.training.epochs
