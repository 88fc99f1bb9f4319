"""A directory of parts that shards write.

    manifest.json                what is done: the job's identity, its input and how it is divided
    part-00003-of-00016.txt      the output of shard 3, whole; while it is written, with .partial and .progress
    part-00003-of-00016.json     its record: the manifest that it belongs to, counts, size and checksum

Any process may write any part at any time: a part that is there, with a record that fits, is not written again.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from pairlens.errors import UsageError
from pairlens.files import partial_files, remove_abandoned, remove_unlocked, whole_file
from pairlens.jobs.partial_output import refuse_other_job, side_files
from pairlens.jobs.shards.manifest import Manifest, Record, checksum
from pairlens.locations.location import Location
from pairlens.runs.locks import open_locked

_MANIFEST, _BUSY = "manifest.json", ".manifest.busy"
_REQUESTS = 16  # records that are read at once, for those in buckets
_PART = re.compile(r"part-[0-9]{5,}-of-[0-9]{5,}\.(?!json$|.*\.(?:partial|progress)$).*")


class Part(NamedTuple):
    """A part of the output; shards are numbered from 0 here, and from 1 for users and in names of files."""

    path: Location
    shard: int
    shards: int

    @property
    def record(self) -> Location:
        return self.path.with_name(f"{_stem(self.shard, self.shards)}.json")

    def __str__(self) -> str:
        return f"part {self.shard + 1} of {self.shards}"


class ShardDirectory:
    """The directory of a job that is done in shards. It is made with its manifest."""

    def __init__(self, path: Location) -> None:
        self.path = path

    def begin(self, identity: dict[str, Any], make_manifest: Callable[[], Manifest]) -> Manifest:
        """Return the directory's manifest; the first process makes it, and others wait for it meanwhile.

        Args:
            identity: must be that of the manifest.

        Raises:
            UsageError: the directory is of another job, or has files of something else.
        """
        if isinstance(self.path, Path):
            if not self.path.is_dir() and (self.path.exists() or self.path.is_symlink()):
                raise UsageError(f"{self.path}: is no directory, but parts need one; choose another name")
            self.path.mkdir(parents=True, exist_ok=True)
        manifest = self.begun()
        if manifest is None:
            self._refuse_others()
            with self._locked():
                manifest = self.begun() or self._write(make_manifest())
        remedy = "Choose another directory, or remove this one"
        refuse_other_job(self.manifest_path, manifest.identity, identity, remedy)
        return manifest

    def manifest(self) -> Manifest:
        """Read the manifest. Raises UsageError if there is none, or if it is damaged."""
        if found := self.begun():
            return found
        raise UsageError(f"{self.manifest_path}: no such file; {self.path} is no directory of shards")

    @property
    def manifest_path(self) -> Location:
        return self.path / _MANIFEST

    def part(self, manifest: Manifest, shard: int) -> Part:
        name = _stem(shard, manifest.shards) + manifest.suffix
        return Part(self.path / name, shard, manifest.shards)

    def record(self, manifest: Manifest, part: Part) -> Record | None:
        """The record of a part that is there; None if it is missing, damaged, or of another size than recorded."""
        try:
            record = Record.model_validate_json(part.record.read_bytes())
            size = part.path.stat().st_size
        except (OSError, ValidationError):
            return None
        return record if (record.manifest, record.size) == (manifest.digest, size) else None

    def is_begun(self, part: Part) -> bool:
        """Whether a process began to write a part, and has not finished it."""
        if not isinstance(part.path, Path):
            return False
        return any(path.exists() for path in side_files(part.path)) or bool(partial_files(part.path))

    def records(self, manifest: Manifest) -> dict[int, Record]:
        """The records of the parts that are there, by shard. Only parts whose records exist cost requests."""
        names = {path.name for path in self._files()}
        parts = [self.part(manifest, shard) for shard in range(manifest.shards)]
        there = [part for part in parts if part.record.name in names]
        with ThreadPoolExecutor(_REQUESTS) as pool:
            found = pool.map(lambda part: self.record(manifest, part), there)
        return {part.shard: record for part, record in zip(there, found, strict=True) if record}

    def intact(self, manifest: Manifest, part: Part) -> Record | None:
        """The record of a part that is there with the bytes that were recorded."""
        record = self.record(manifest, part)
        return record if record and checksum(part.path) == record.checksum else None

    def write_record(self, manifest: Manifest, part: Part, pairs: int, skipped: int, head: int) -> None:
        record = Record(
            manifest=manifest.digest,
            pairs=pairs,
            skipped=skipped,
            head=head,
            size=part.path.stat().st_size,
            checksum=checksum(part.path),
        )
        with whole_file(part.record) as file:
            file.write(record.model_dump_json(indent=2) + "\n")

    def refuse_others(self, manifest: Manifest) -> None:
        """Raises UsageError if there are parts that are not among the manifest's."""
        expected = {f"{_stem(shard, manifest.shards)}{manifest.suffix}" for shard in range(manifest.shards)}
        for path in sorted(self._files(), key=str):
            match = _PART.fullmatch(path.name)
            if match and path.name not in expected:
                raise UsageError(f"{path}: is not among the {manifest.shards} parts of {self.path}; remove it")

    def sweep(self, manifest: Manifest) -> None:
        """Remove what processes that died left."""
        if not isinstance(self.path, Path):
            return
        for shard in range(manifest.shards):
            name = _stem(shard, manifest.shards)
            whole, record = self.path / f"{name}{manifest.suffix}", self.path / f"{name}.json"
            for path in (*side_files(whole), whole, record):
                remove_abandoned(path)
            partial, progress = side_files(whole)
            if remove_unlocked(partial) or not partial.exists():
                progress.unlink(missing_ok=True)
        remove_abandoned(self.path / _MANIFEST)
        (self.path / _BUSY).unlink(missing_ok=True)

    def remove(self, manifest: Manifest) -> None:
        """Remove the parts, their records and the manifest, and the directory unless there is something else in it."""
        self.sweep(manifest)
        for shard in range(manifest.shards):
            part = self.part(manifest, shard)
            part.path.unlink(missing_ok=True)
            part.record.unlink(missing_ok=True)
        self.manifest_path.unlink(missing_ok=True)
        if isinstance(self.path, Path):
            with suppress(OSError):
                self.path.rmdir()

    def begun(self) -> Manifest | None:
        """Read the manifest, if there is one. Raises UsageError if it is damaged."""
        path = self.manifest_path
        try:
            manifest = Manifest.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror}") from None
        except ValidationError:
            raise UsageError(f"{path}: damaged, or of another version of pairlens; remove {self.path}") from None
        return manifest

    def _refuse_others(self) -> None:
        """Raises UsageError if there is anything in the directory but a manifest, or what its writer left or writes."""
        ours = {_BUSY}
        if isinstance(self.path, Path):
            ours |= {path.name for path in partial_files(self.path / _MANIFEST)}
        names = {path.name for path in self._files()}
        if _MANIFEST not in names and (others := sorted(names - ours)):
            raise UsageError(f"{self.path}: contains other files, such as {others[0]}; choose another directory")

    def _files(self) -> list[Location]:
        """The files in the directory; a bucket has no directory before its first file."""
        try:
            return list(self.path.iterdir())
        except FileNotFoundError:
            return []

    def _write(self, manifest: Manifest) -> Manifest:
        with whole_file(self.path / _MANIFEST) as file:
            file.write(manifest.model_dump_json() + "\n")
        return manifest

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Wait for the lock of the manifest's writer. A bucket has none: then several may write the same manifest."""
        if not isinstance(self.path, Path):
            yield
            return
        while True:
            try:
                descriptor = open_locked(self.path / _BUSY)
                break
            except BlockingIOError:
                time.sleep(0.05)
        try:
            yield
        finally:
            os.close(descriptor)


def _stem(shard: int, shards: int) -> str:
    return f"part-{shard + 1:05d}-of-{shards:05d}"
