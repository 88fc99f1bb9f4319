"""Output files of a long job that can be continued after the process died.

    PATH.partial     what has been written so far, for each file
    PATH.progress    next to the first file, JSON: the valid bytes of each file, the job's state and its identity

`PATH.progress` is written first and removed last; it is replaced after the bytes that it counts are on the disk.
Bytes beyond them are cut off when the job continues; a compressed file has whole members up to there. The files get
their final names when all of them are complete. If PATH is a link, its target's folder is used.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from pairlens.compression import encoded, end_member
from pairlens.directories import open_directory, sync_directory, take_name
from pairlens.errors import InUseError, UsageError
from pairlens.files import full_disk_reported, remove_abandoned, resolved, whole_file
from pairlens.locations.location import Location
from pairlens.runs.locks import open_locked

Json = dict[str, Any]


class Job:
    """The files being written.

    Attributes:
        files: the open text files, by name.
        state: the state saved last, from which the job continues; empty at the beginning.
        whole: everything is written; only renaming remains.
    """

    def __init__(self, paths: Mapping[str, Path], replace: bool, stack: ExitStack) -> None:
        self._paths, self._replace, self._stack = paths, replace, stack
        self._progress = _progress(next(iter(paths.values())))
        self.files: dict[str, IO[str]] = {}
        self._descriptors: dict[str, int] = {}
        self.state: Json = {}
        self.whole = False

    def save(self, state: Json, identity: Json, whole: bool = False) -> None:
        """Flush the files to disk, and save `state`. A job can only be continued with the same `identity`."""
        for name, file in self.files.items():
            end_member(file, at_least_one=whole)
            os.fsync(self._descriptors[name])
        sizes = {name: os.lseek(descriptor, 0, os.SEEK_CUR) for name, descriptor in self._descriptors.items()}
        self.state, self.whole = state, whole
        with whole_file(self._progress, inside=self._progress.parent) as file:
            json.dump({"whole": whole, "identity": identity, "bytes": sizes, "state": state}, file, indent=2)

    def discard(self) -> None:
        """Remove all partial files."""
        for path in (*map(_partial, self._paths.values()), self._progress):
            path.unlink(missing_ok=True)

    def _open(self, identity: Json) -> None:
        if not self._progress.exists():
            for path in self._paths.values():
                if _partial(path).exists():
                    raise UsageError(f"{_partial(path)}: exists, but {self._progress.name} does not; remove it")
            self.save({}, {})
        self._load(identity)
        for name, path in self._paths.items():
            if self.whole and _has_name(path):
                continue
            if self.whole and not _partial(path).exists():
                raise UsageError(f"{_partial(path)}: is missing. {self.how_to_restart}")
            self._descriptors[name] = self._stack.enter_context(_locked(_partial(path)))
        saved = self._load(identity)  # again, now that the files are locked
        for name, descriptor in self._descriptors.items():
            found = os.fstat(descriptor).st_size
            size = saved["bytes"].get(name, found if self.whole else 0)
            if found < size:
                partial = _partial(self._paths[name])
                raise UsageError(f"{partial}: is damaged, shorter than {size} bytes. {self.how_to_restart}")
            os.ftruncate(descriptor, size)
            os.lseek(descriptor, size, os.SEEK_SET)
            raw = self._stack.enter_context(os.fdopen(descriptor, "wb", buffering=0, closefd=False))
            self.files[name] = self._stack.enter_context(encoded(raw, _target(self._paths[name]).name, "w"))

    def _load(self, identity: Json) -> Json:
        try:
            saved: Json = json.loads(self._progress.read_text(encoding="utf-8"))
            if not (isinstance(saved["whole"], bool) and isinstance(saved["state"], dict)):
                raise ValueError("whole or state")
            dict(saved["identity"])
            if any(type(size) is not int or size < 0 for size in saved["bytes"].values()):
                raise ValueError("bytes")
        except FileNotFoundError:
            for name, descriptor in self._descriptors.items():
                if not os.fstat(descriptor).st_size:  # created by opening it
                    _partial(self._paths[name]).unlink(missing_ok=True)
            raise InUseError(f"{self._progress}: vanished; another process has finished the job") from None
        except (KeyError, ValueError, TypeError, AttributeError, RecursionError) as error:
            raise UsageError(f"{self._progress}: damaged ({error}). {self.how_to_restart}") from None
        refuse_other_job(self._progress, saved["identity"], identity, self.how_to_restart)
        self.whole, self.state = saved["whole"], saved["state"]
        return saved

    @property
    def how_to_restart(self) -> str:
        """How to start from the beginning, for a message."""
        names = [self._progress.name, *(_partial(path).name for path in self._paths.values())]
        return f"To start again, remove {' and '.join(names)}"

    def _finish(self) -> None:
        """Give the files their names, the first one last. A killed process may have done part of this already."""
        for path in reversed(list(self._paths.values())):
            if not _has_name(path):
                self._name(path)
            _partial(path).unlink(missing_ok=True)
            remove_abandoned(_target(path))
            sync_directory(_partial(path).parent)
        remove_abandoned(self._progress)
        self._progress.unlink(missing_ok=True)

    def _name(self, path: Path) -> None:
        target = _target(path)
        with open_directory(target.parent) as directory:
            take_name(_partial(path).name, target.name, self._replace, path, directory)


@contextmanager
def resumable_files(paths: Mapping[str, Path], identity: Json, replace: bool = False) -> Iterator[Job]:
    """Yield UTF-8 files to write, by name, from the beginning or, if there is a PATH.progress, from its state.

    They get their names when the block ends without an exception. Otherwise what was saved is kept, and the same call
    continues from it. `replace` allows existing files to be replaced.

    Raises:
        PairlensError: files of these names appeared meanwhile.
        UsageError: the saved job has another identity, is damaged, or is in use by another process.
    """
    with full_disk_reported(next(iter(paths.values()))), ExitStack() as stack:
        job = Job(paths, replace, stack)
        job._open(identity)
        try:
            yield job
        except BaseException:
            if not job.state:  # nothing was saved
                job.discard()
            raise
        if not job.whole:
            job.save(job.state, identity, whole=True)
        job._finish()


def is_finished(path: Path, first: Path | None) -> bool:
    """Whether a job, whose first file is `first`, gave `path` its name but died before it had named all files."""
    if first is None:
        return False
    try:
        whole = json.loads(_progress(first).read_text(encoding="utf-8"))["whole"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False
    return whole is True and _has_name(path)


def _has_name(path: Path) -> bool:
    """Whether `path` is what a completely written job wrote, whether or not PATH.partial is removed yet."""
    target, partial = _target(path), _partial(path)
    if not target.is_file() or not partial.exists():
        return target.is_file()
    return target.samefile(partial)


def refuse_other_job(path: Location, saved: Json, identity: Json, how_to_restart: str) -> None:
    """Raises UsageError if a job that is recorded in a file has another identity."""
    if differences := [
        f"{key}: {_shown(value)} then, {_shown(identity.get(key))} now"
        for key, value in saved.items()
        if value != identity.get(key)
    ]:
        raise UsageError(f"{path}: is of another job; {'; '.join(differences)}. {how_to_restart}")


def _shown(value: object) -> str:
    return "not given" if value is None else str(value)


def side_files(path: Path) -> list[Path]:
    """The files next to an output until it is complete."""
    return [_partial(path), _progress(path)]


def describe_file(path: Path) -> str:
    """Return size and time of a file, to recognize it later. Raises UsageError if it is not a regular file."""
    if path.exists() and not path.is_file():
        raise UsageError(f"{path}: is not a regular file, so a later --resume could not read it again; give a file")
    try:
        status = path.stat()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    return f"{status.st_size} bytes from {datetime.fromtimestamp(status.st_mtime, UTC).isoformat()}"


def _progress(path: Path) -> Path:
    target = _target(path)
    return target.with_name(target.name + ".progress")


def _partial(path: Path) -> Path:
    target = _target(path)
    return target.with_name(target.name + ".partial")


def _target(path: Path) -> Path:
    return resolved(path) if path.is_symlink() else path


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    """Open a file to change, created if missing and locked against other processes; yield its descriptor."""
    try:
        descriptor = open_locked(path)
    except BlockingIOError:
        raise InUseError(f"{path}: another process is writing it; wait until it has ended") from None
    try:
        yield descriptor
    finally:
        os.close(descriptor)
