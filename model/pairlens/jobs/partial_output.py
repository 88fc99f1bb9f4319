"""Files of a long job that survive its death.

    PATH.partial     what has been written so far, for each file
    PATH.progress    beside the first file, JSON: how many bytes of each count, where the job stands, and what it is

`PATH.progress` is written first and removed last, and replaced whole after the bytes that it counts are on the disk.
Whatever a job wrote behind them is cut off when it goes on. The files take their names when all of them are whole;
those whose names ask for it are compressed only then. Where PATH is a link, they are beside what it names.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from pairlens.directories import open_directory, sync_directory, take_name
from pairlens.errors import DataError, UsageError
from pairlens.files import COMPRESSED, full_disk_reported, remove_abandoned, resolved, whole_file
from pairlens.runs.locks import open_locked
from pairlens.texts.blocks import read_blocks

Json = dict[str, Any]


class Job:
    """What is being written.

    Attributes:
        files: by name, to be written with text.
        state: what was saved last, where the job goes on; empty at the beginning.
        whole: all is written, and nothing is left to do but to rename.
    """

    def __init__(self, paths: Mapping[str, Path], replace: bool, stack: ExitStack) -> None:
        self._paths, self._replace, self._stack = paths, replace, stack
        self._progress = _progress(next(iter(paths.values())))
        self.files: dict[str, IO[str]] = {}
        self.state: Json = {}
        self.whole = False

    def save(self, state: Json, identity: Json, whole: bool = False) -> None:
        """Make what has been written last, together with `state`. `identity` is what a job that goes on must share."""
        for file in self.files.values():
            file.flush()
            os.fsync(file.fileno())
        sizes = {name: os.lseek(file.fileno(), 0, os.SEEK_CUR) for name, file in self.files.items()}
        self.state, self.whole = state, whole
        with whole_file(self._progress, inside=self._progress.parent) as file:
            json.dump({"whole": whole, "identity": identity, "bytes": sizes, "state": state}, file, indent=2)

    def discard(self) -> None:
        """Leave nothing behind."""
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
                raise UsageError(f"{_partial(path)}: is missing; {self.anew}")
            self.files[name] = self._stack.enter_context(_locked(_partial(path)))
        saved = self._load(identity)  # again, now that nobody else can change it
        for name, file in self.files.items():
            there = os.fstat(file.fileno()).st_size
            size = saved["bytes"].get(name, there if self.whole else 0)
            if there < size:
                raise UsageError(f"{_partial(self._paths[name])}: is damaged, shorter than {size} bytes; {self.anew}")
            os.ftruncate(file.fileno(), size)
            os.lseek(file.fileno(), size, os.SEEK_SET)

    def _load(self, identity: Json) -> Json:
        try:
            saved: Json = json.loads(self._progress.read_text(encoding="utf-8"))
            if not (isinstance(saved["whole"], bool) and isinstance(saved["state"], dict)):
                raise ValueError("whole or state")
            dict(saved["identity"])
            if any(type(size) is not int or size < 0 for size in saved["bytes"].values()):
                raise ValueError("bytes")
        except FileNotFoundError:
            for name, file in self.files.items():
                if not os.fstat(file.fileno()).st_size:  # made by opening it
                    _partial(self._paths[name]).unlink(missing_ok=True)
            raise UsageError(f"{self._progress}: vanished; another process has finished the job") from None
        except (KeyError, ValueError, TypeError, AttributeError, RecursionError) as error:
            raise UsageError(f"{self._progress}: damaged ({error}); {self.anew}") from None
        differences = [
            f"{key}: {value} then, {identity.get(key)} now"
            for key, value in saved["identity"].items()
            if value != identity.get(key)
        ]
        if differences:
            raise UsageError(f"{self._progress}: belongs to another job; {'; '.join(differences)}. {self.anew}")
        self.whole, self.state = saved["whole"], saved["state"]
        return saved

    @property
    def anew(self) -> str:
        """What to do to begin once more, for a message."""
        names = [self._progress.name, *(_partial(path).name for path in self._paths.values())]
        return f"To start anew, remove {' and '.join(names)}"

    def _finish(self) -> None:
        """Give the files their names, the first one last. Any of it may have been done by a process that was killed."""
        for path in reversed(list(self._paths.values())):
            if not _has_name(path):
                self._name(path)
            _partial(path).unlink(missing_ok=True)
            remove_abandoned(_place(path))
            sync_directory(_partial(path).parent)
        remove_abandoned(self._progress)
        self._progress.unlink(missing_ok=True)

    def _name(self, path: Path) -> None:
        place, partial = _place(path), _partial(path)
        if place.name.endswith(COMPRESSED):
            with partial.open("rb") as plain, whole_file(path, "wb", self._replace) as file:
                shutil.copyfileobj(plain, file)
        else:
            with open_directory(place.parent) as directory:
                take_name(partial.name, place.name, self._replace, path, directory)


@contextmanager
def resumable_files(paths: Mapping[str, Path], identity: Json, replace: bool = False) -> Iterator[Job]:
    """Files to write as UTF-8, by name, from the beginning or, if there is a PATH.progress, from where it stands.

    They are whole when the block ends without an exception. Otherwise what was saved stays, and the same call goes on.
    With `replace` they take the place of files that stand there.

    Raises:
        PairlensError: files were made there meanwhile.
        UsageError: the job that was saved has another identity, is damaged, or another process works on it.
    """
    with full_disk_reported(next(iter(paths.values()))), ExitStack() as stack:
        job = Job(paths, replace, stack)
        job._open(identity)
        try:
            yield job
        except BaseException:
            if not job.state:  # nothing is worth keeping
                job.discard()
            raise
        if not job.whole:
            job.save(job.state, identity, whole=True)
        job._finish()


def is_finished(path: Path, first: Path | None) -> bool:
    """Whether a job that writes `first` first has given `path` its name and ended before it gave all of them theirs."""
    if first is None:
        return False
    try:
        whole = json.loads(_progress(first).read_text(encoding="utf-8"))["whole"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False
    return whole is True and _has_name(path)


def _has_name(path: Path) -> bool:
    """Whether what a whole job wrote for `path` is there, be PATH.partial removed or not."""
    place, partial = _place(path), _partial(path)
    if not place.is_file() or not partial.exists():
        return place.is_file()
    return place.samefile(partial) or (place.name.endswith(COMPRESSED) and _expands_to(partial, place))


def _expands_to(plain: Path, compressed: Path) -> bool:
    try:
        with plain.open("rb") as file:
            return all(file.read(len(block)) == block for block in read_blocks(compressed)) and not file.read(1)
    except DataError:
        return False


def side_files(path: Path) -> list[Path]:
    """What is beside a file until it is whole."""
    return [_partial(path), _progress(path)]


def describe_file(path: Path) -> str:
    """Tells whether a file is still the same. Raises UsageError if it is none that can be read from any place."""
    if path.exists() and not path.is_file():
        raise UsageError(f"{path}: is no regular file; a job that goes on later must find it again")
    try:
        status = path.stat()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    return f"{status.st_size} bytes from {datetime.fromtimestamp(status.st_mtime, UTC).isoformat()}"


def _progress(path: Path) -> Path:
    place = _place(path)
    return place.with_name(place.name + ".progress")


def _partial(path: Path) -> Path:
    place = _place(path)
    return place.with_name(place.name + ".partial")


def _place(path: Path) -> Path:
    return resolved(path) if path.is_symlink() else path


@contextmanager
def _locked(path: Path) -> Iterator[IO[str]]:
    """A file to change, made if it is not there, which no other process changes meanwhile; its death unlocks it."""
    try:
        descriptor = open_locked(path)
    except BlockingIOError:
        raise UsageError(f"{path}: another process is writing it; wait until it has ended") from None
    with open(descriptor, "w", encoding="utf-8", newline="\n") as file:  # noqa: PTH123  (truncates no open file)
        yield file
