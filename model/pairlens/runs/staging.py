"""A run that replaces another: it grows beside it, in RUN.new, and takes its name when it has its first weights.

    RUN.new/.replaces    RUN.new is such a run; a directory of this name without it is somebody's own
    RUN/.replaces        RUN has taken the name, and RUN.new is the old run, which is being removed

The two directories exchange their names in one step, so that RUN is a whole run at any moment, the old one or the new.
Where the file system cannot do that it takes three steps, by way of RUN.new/.replaced.
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
    """A run at RUN.new, and at RUN once it has weights.

    Args:
        place: RUN.
    """

    def __init__(self, place: Path) -> None:
        super().__init__(names.staging(place))
        self.place = place

    def refuse(self) -> None:
        """Raises UsageError if what stands at RUN.new is no run that replaces RUN, or RUN cannot be renamed."""
        place = self.place.resolve()
        if Path.cwd().is_relative_to(place):
            raise UsageError(f"{self.place}: cannot be replaced from within; call the command in another directory")
        if is_mount_point(place):
            raise UsageError(f"{self.place}: is a mount point, which cannot be replaced; choose a directory in it")
        strange = self.path.exists() and not (self.path / names.REPLACES).exists() and not _is_replaced(place)
        if (strange and not _holds_litter_alone(self.path)) or self.path.is_symlink():
            raise UsageError(f"{self.path}: the new run would grow there, and something else stands there; rename it")

    def begin(self) -> None:
        """Empty RUN.new, whose lock is held, for a run that is to take the place of the one at RUN."""
        for path in self.path.iterdir():
            if path.name != names.LOCK:
                _remove(path)
        with whole_file(self.path / names.REPLACES, inside=self.path) as file:
            file.write(_identity(self.place) if self.place.exists() else "")

    def write_weights(self, arrays: Mapping[str, Floats]) -> None:
        super().write_weights(arrays)
        self.settle()

    def settle(self) -> None:
        """Take the name RUN if there are weights, whatever a process was killed at before, and remove the old run."""
        place, staging = self.place.resolve(), names.staging(self.place)
        if (staging / names.REPLACED).exists() and not place.exists():
            _finish_exchange(place, staging)
        elif (staging / names.REPLACES).exists() and (staging / names.WEIGHTS).exists():
            _exchange(place, staging)
        if (place / names.REPLACES).exists():
            remove_replaced(place)
            self.path = self.place


def grows_beside(place: Path) -> bool:
    """Whether a process began to replace the run at `place`, and ended before it had its name."""
    staging = names.staging(place)
    return not staging.is_symlink() and any((staging / name).exists() for name in (names.REPLACES, names.REPLACED))


@contextmanager
def locked_run(run: Run, begins: bool) -> Iterator[None]:
    """Hold the lock of a run to train, and of RUN.new with RUN; first finish what was left undone by a killed process.

    Args:
        begins: whether a run that is to be replaced is so by one that begins, not by one that goes on.

    Raises:
        UsageError: another process trains there.
    """
    if isinstance(run, StagedRun):
        if grows_beside(run.place):
            with locked(run.path):
                run.settle()
        elif (run.place / names.REPLACES).exists():
            with locked(run.place):
                remove_replaced(run.place.resolve())
        if begins or run.path != run.place:
            with _locked_staging(run):
                yield
            return
    with locked(run.path):
        remove_replaced(run.path.resolve())
        _remove_litter(names.staging(run.path))
        yield


@contextmanager
def _locked_staging(run: StagedRun) -> Iterator[None]:
    run.path = staging = names.staging(run.place)
    try:
        # The outer lock becomes that of RUN when the directories exchange their names.
        with locked(staging), locked(run.place):
            yield
    finally:
        with suppress(OSError):
            staging.rmdir()  # where nothing but the lock was made


def remove_replaced(place: Path) -> None:
    """Remove the run whose name `place` has taken; files in it that are no run's are kept, in the new one."""
    if not (place / names.REPLACES).exists():
        return
    if (place / names.REPLACED).exists():
        (place / names.REPLACED).rename(names.staging(place))
    if _is_replaced(place):
        old = names.staging(place)
        own = {Path(name).parts[0] for name in names.FILES} | {names.LOCK, names.REPLACES}
        for path in old.iterdir():
            if path.name not in own and not path.name.endswith(".partial") and not (place / path.name).exists():
                path.rename(place / path.name)
        shutil.rmtree(old)
    (place / names.REPLACES).unlink()
    sync_directory(place)


def _holds_litter_alone(staging: Path) -> bool:
    """Whether a directory has nothing but what `train` leaves that is killed before its marker is there."""
    if staging.is_symlink() or not staging.is_dir():
        return False
    return not set(staging.iterdir()) - {staging / names.LOCK, *partial_files(staging / names.REPLACES)}


def _remove_litter(staging: Path) -> None:
    """Remove a RUN.new where `train` was killed before its marker was there; an empty one may be somebody's own."""
    if _holds_litter_alone(staging) and is_lock(staging / names.LOCK):
        with suppress(UsageError), locked(staging):
            for path in partial_files(staging / names.REPLACES):
                path.unlink()
        with suppress(OSError):
            staging.rmdir()


def _is_replaced(place: Path) -> bool:
    """Whether RUN.new is the directory whose name the run at `place` has taken."""
    try:
        return (place / names.REPLACES).read_text(encoding="utf-8") == _identity(names.staging(place))
    except OSError:
        return False


def _identity(directory: Path) -> str:
    status = directory.stat()
    return f"{status.st_dev} {status.st_ino}\n"


def _exchange(place: Path, staging: Path) -> None:
    """Let two directories swap their names; where there is nothing at `place`, the other one takes it."""
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
