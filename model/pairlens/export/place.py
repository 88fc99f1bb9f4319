"""The directory of an export: what may be replaced there, and how it appears whole or not at all."""

from __future__ import annotations

import errno
import glob
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pairlens.descriptors import lock, sync
from pairlens.directories import CANNOT_RENAME, EXCHANGE, directory_to_fill, is_mount_point, rename, sync_directory
from pairlens.errors import PairlensError, UsageError
from pairlens.export.bucket import refuse_remote, upload
from pairlens.export.names import files_of
from pairlens.files import full_disk_reported, resolved
from pairlens.locations.location import Location

_ASSETS = "assets"  # an empty directory that TensorFlow makes
_TAKEN = {errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR}


def refuse_place(place: Location, run: Location, force: bool) -> None:
    """Raise UsageError if an export cannot be written to a place, or something there must be kept.

    That is a file or a mount point; a directory with anything but an export, or with one and no `force`; or one that
    the current directory or the run is in, or that is in the run. What a killed process moved away is put back.
    """
    if not isinstance(place, Path):
        refuse_remote(place, force)
        return
    target = resolved(place)
    if isinstance(run, Path) and resolved(run) in target.parents:
        raise UsageError(
            f"{place}: is in the run, and would be out of date after `pairlens train --force`; choose a directory "
            "outside of it"
        )
    _put_back(target)
    if target.exists() and not target.is_dir():
        raise UsageError(f"{place}: is a file, but an export is a directory; choose another name")
    parent = next((path for path in target.parents if path.exists()), target)
    if not parent.is_dir():
        raise UsageError(f"{place}: {parent} is a file, not a directory; choose another name")
    if is_mount_point(target):
        raise UsageError(f"{place}: is a mount point, which cannot be replaced; choose a directory in it")
    if not target.is_dir() or not any(target.iterdir()):
        return
    if other := _other(target):
        raise UsageError(f"{place}: contains files that are not an export's, such as {other}; choose another name")
    if not force:
        raise UsageError(f"{place}: contains an export; choose another name, or replace it with --force")
    if Path.cwd().is_relative_to(target) or (isinstance(run, Path) and resolved(run).is_relative_to(target)):
        raise UsageError(f"{place}: cannot be replaced, since the run or the current directory is in it")


def _other(folder: Path) -> str | None:
    """A file or an empty directory that the card of a directory does not name; None if there is nothing but an export.

    What Python caches of the export's modules does not count.
    """
    known = files_of(folder)
    if known is None:
        return min(path.name for path in folder.iterdir())
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        is_kept = path.is_symlink() or not path.is_dir() or (_is_empty(path) and str(name) != _ASSETS)
        if is_kept and str(name) not in known and not _is_cached(name, known):
            return str(name)
    return None


def _is_empty(folder: Path) -> bool:
    return not any(folder.iterdir())


def _is_cached(name: Path, known: set[str]) -> bool:
    """Whether a file is the compiled code of a module of the export: __pycache__/network.cpython-313.pyc."""
    module = f"{name.name.partition('.')[0]}.py"
    return name.parent == Path("__pycache__") and name.suffix == ".pyc" and module in known


@contextmanager
def whole_directory(place: Location, replace: bool) -> Iterator[Path]:
    """Yield a new directory that takes its name, or is uploaded, only if the block ends without an exception.

    It is made next to `place` under a temporary name, synchronised to the disk, and renamed. With `replace`, what is
    there is removed afterwards. Temporary directories that killed processes left are removed.

    Raises:
        PairlensError: the disk is full; or there is something by now, and `replace` is not set.
    """
    if not isinstance(place, Path):
        with tempfile.TemporaryDirectory(prefix="pairlens-") as folder:
            yield Path(folder)
            upload(Path(folder), place)
        return
    target = resolved(place)
    with directory_to_fill(target.parent):
        _remove_abandoned(target)
        staging = target.with_name(f".{target.name[:50]}.{secrets.token_hex(4)}.partial")
        new = staging.with_suffix(".new")  # a name under which no other process removes it before it is locked
        try:
            _make(new, place)
            with full_disk_reported(place), _locked(new):
                new.rename(staging)
                yield staging
                _sync_all(staging)
                _take_name(staging, target, replace, place)
        finally:
            for left in (new, staging):  # what was replaced, if that has its name now
                shutil.rmtree(left, ignore_errors=True)
        sync_directory(target.parent)


def _make(folder: Path, shown: Path) -> None:
    try:
        folder.mkdir()
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(shown)) from None  # not the temporary name


def _take_name(staging: Path, target: Path, replace: bool, shown: Path) -> None:
    try:
        if replace and target.exists():
            _exchange(staging, target)
        else:
            staging.rename(target)  # also over an empty directory
    except OSError as error:
        if error.errno not in _TAKEN:
            raise OSError(error.errno, error.strerror, str(shown)) from None  # not the temporary name
        raise PairlensError(
            f"{shown}: was created by another process in the meantime and is kept; choose another name, or replace it "
            "with --force"
        ) from None


def _exchange(staging: Path, target: Path) -> None:
    """Exchange the names, so that there is an export at any time; in three steps where the file system cannot."""
    try:
        rename(staging, target, EXCHANGE)
    except OSError as error:
        if error.errno not in CANNOT_RENAME:
            raise
        old = target.with_name(f".{target.name}.{secrets.token_hex(4)}.replaced")  # the whole name, for `_put_back`
        with _locked(target):
            target.rename(old)
            try:
                staging.rename(target)
            except OSError:
                old.rename(target)
                raise
            old.rename(staging)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a lock on a directory, by which other processes see that it is being written."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with suppress(OSError):
            lock(descriptor)
        yield
    finally:
        os.close(descriptor)


def _put_back(target: Path) -> None:
    """Give an export its name again if a process was killed before the one that replaces it had the name."""
    for old in _left_by_killed(target.parent, target.name, "replaced"):
        if not target.exists():
            old.rename(target)


def _remove_abandoned(target: Path) -> None:
    _put_back(target)
    for name, suffix in ((target.name[:50], "partial"), (target.name, "replaced")):
        for left in _left_by_killed(target.parent, name, suffix):
            shutil.rmtree(left, ignore_errors=True)


def _left_by_killed(parent: Path, name: str, suffix: str) -> Iterator[Path]:
    """The temporary directories that no process works on; each is locked until the next."""
    for left in parent.glob(f".{glob.escape(name)}.{'[0-9a-f]' * 8}.{suffix}"):
        with suppress(OSError):
            descriptor = os.open(left, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                lock(descriptor)
                yield left
            finally:
                os.close(descriptor)


def _sync_all(folder: Path) -> None:
    for path in (*folder.rglob("*"), folder):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            sync(descriptor)
        finally:
            os.close(descriptor)
