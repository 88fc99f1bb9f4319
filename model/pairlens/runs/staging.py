"""Replaces a run: the new one is trained in RUN.new, and gets the name RUN when it has its first weights.

    RUN.new/.replaces    marks RUN.new as such a run; a RUN.new without it is not ours
    RUN/.replaces        RUN is the new run, and RUN.new is the old one, which is being removed

The two directories exchange their names in one step, so that RUN is always a complete run, the old one or the new.
If the file system cannot do that, it takes three steps, by way of RUN.new/.replaced.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from pairlens.directories import CANNOT_RENAME, EXCHANGE, is_mount_point, rename, sync_directory
from pairlens.errors import UsageError
from pairlens.files import partial_files, whole_file
from pairlens.runs import names
from pairlens.runs.locks import is_lock, locked
from pairlens.runs.run import Floats, Run


class StagedRun(Run):
    """A run that is at RUN.new first, and at RUN once it has weights.

    Args:
        place: RUN.
    """

    path: Path

    def __init__(self, place: Path) -> None:
        super().__init__(names.staging(place))
        self.place = place

    def refuse(self) -> None:
        """Raises UsageError if RUN.new exists and is not a replacement of RUN, or if RUN cannot be renamed."""
        place = self.place.resolve()
        if Path.cwd().is_relative_to(place):
            raise UsageError(f"{self.place}: cannot be replaced from within; run the command in another directory")
        if is_mount_point(place):
            raise UsageError(f"{self.place}: is a mount point, which cannot be replaced; choose a directory in it")
        foreign = self.path.exists() and not (self.path / names.REPLACES).exists() and not _is_replaced(place)
        if (foreign and not _has_only_leftovers(self.path)) or self.path.is_symlink():
            raise UsageError(f"{self.path}: exists, but is needed for the new run during training; rename it")

    def begin(self) -> None:
        """Empty RUN.new for a run that will replace the one at RUN. The caller holds its lock."""
        for path in self.path.iterdir():
            if path.name != names.LOCK:
                _remove(path)
        with whole_file(self.path / names.REPLACES, inside=self.path) as file:
            file.write(_identity(self.place) if self.place.exists() else "")

    def write_weights(self, arrays: Mapping[str, Floats]) -> None:
        super().write_weights(arrays)
        self.settle()

    def settle(self) -> None:
        """Take the name RUN if there are weights, and remove the old run; finish what a killed process began."""
        place, staging = self.place.resolve(), names.staging(self.place)
        if (staging / names.REPLACED).exists() and not place.exists():
            _finish_exchange(place, staging)
        elif (staging / names.REPLACES).exists() and (staging / names.WEIGHTS).exists():
            _exchange(place, staging)
        if (place / names.REPLACES).exists():
            remove_replaced(place)
            self.path = self.place


def is_being_replaced(place: Path) -> bool:
    """Whether a process began to replace the run at `place`, but has not finished."""
    staging = names.staging(place)
    return not staging.is_symlink() and any((staging / name).exists() for name in (names.REPLACES, names.REPLACED))


@contextmanager
def locked_run(run: Run, begins: bool) -> Iterator[None]:
    """Hold the lock of a run to train, for a StagedRun of RUN.new and RUN; first finish what a killed process began.

    Args:
        begins: whether the run is new, not resumed.

    Raises:
        UsageError: another process is training there.
    """
    if isinstance(run, StagedRun):
        if is_being_replaced(run.place):
            with locked(run.path):
                run.settle()
        elif (run.place / names.REPLACES).exists():
            with locked(run.place):
                remove_replaced(run.place.resolve())
        if begins or run.path != run.place:
            with _locked_staging(run):
                yield
            return
    with locked(run.folder):
        remove_replaced(run.folder.resolve())
        _remove_leftovers(names.staging(run.folder))
        yield


@contextmanager
def _locked_staging(run: StagedRun) -> Iterator[None]:
    run.path = staging = names.staging(run.place)
    try:
        # The outer lock becomes the lock of RUN when the directories exchange their names.
        with locked(staging), locked(run.place):
            yield
    finally:
        with suppress(OSError):
            staging.rmdir()  # if nothing but the lock was created


def remove_replaced(place: Path) -> None:
    """Remove the old run after `place` took its name; files in it that are not a run's move to the new one."""
    if not (place / names.REPLACES).exists():
        return
    if (place / names.REPLACED).exists():
        (place / names.REPLACED).rename(names.staging(place))
    if _is_replaced(place):
        old = names.staging(place)
        own = {Path(name).parts[0] for name in names.FILES} | {names.LOCK, names.REPLACES, names.TENSORBOARD}
        for path in old.iterdir():
            if path.name not in own and not path.name.endswith(".partial") and not (place / path.name).exists():
                path.rename(place / path.name)
        shutil.rmtree(old)
    (place / names.REPLACES).unlink()
    sync_directory(place)


def _has_only_leftovers(staging: Path) -> bool:
    """Whether a directory has only what `train` leaves when killed before it has written its marker."""
    if staging.is_symlink() or not staging.is_dir():
        return False
    return not set(staging.iterdir()) - {staging / names.LOCK, *partial_files(staging / names.REPLACES)}


def _remove_leftovers(staging: Path) -> None:
    """Remove a RUN.new that `train` left when killed before it wrote its marker; an empty one may not be ours."""
    if _has_only_leftovers(staging) and is_lock(staging / names.LOCK):
        with suppress(UsageError), locked(staging):
            for path in partial_files(staging / names.REPLACES):
                path.unlink()
        with suppress(OSError):
            staging.rmdir()


def _is_replaced(place: Path) -> bool:
    """Whether RUN.new is the old run, whose name the run at `place` has taken."""
    try:
        return (place / names.REPLACES).read_text(encoding="utf-8") == _identity(names.staging(place))
    except OSError:
        return False


def _identity(directory: Path) -> str:
    status = directory.stat()
    return f"{status.st_dev} {status.st_ino}\n"


def _exchange(place: Path, staging: Path) -> None:
    """Exchange the names of two directories; if there is nothing at `place`, just rename."""
    if not place.exists():
        staging.rename(place)
        return
    try:
        rename(place, staging, EXCHANGE)
    except OSError as error:
        if error.errno not in CANNOT_RENAME:
            raise
        place.rename(staging / names.REPLACED)
        _finish_exchange(place, staging)
    sync_directory(place.parent)


def _finish_exchange(place: Path, staging: Path) -> None:
    staging.rename(place)
    (place / names.REPLACED).rename(staging)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
