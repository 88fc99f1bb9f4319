"""Joins the parts of an output: byte for byte the file that one process would have written."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, NamedTuple

from pairlens.errors import DataError, UsageError
from pairlens.jobs.shards.directory import Part, ShardDirectory
from pairlens.jobs.shards.manifest import Manifest, Record
from pairlens.locations.location import Location

_BLOCK = 1 << 20


class Status(NamedTuple):
    """The parts of a directory.

    Attributes:
        done: the parts that are there, with their records.
        begun: those that are being written, or whose writer died.
        missing: the others.
    """

    directory: ShardDirectory
    manifest: Manifest
    done: dict[Part, Record]
    begun: list[Part]
    missing: list[Part]

    @property
    def pairs(self) -> int:
        return sum(record.pairs for record in self.done.values())


def read_status(path: Location) -> Status:
    """Return which parts of a directory are there; their bytes are not read.

    Raises:
        UsageError: it is no directory of parts, or there are parts of another job.
    """
    directory = ShardDirectory(path)
    manifest = directory.manifest()
    directory.refuse_others(manifest)
    status = Status(directory, manifest, {}, [], [])
    records = directory.records(manifest)
    for shard in range(manifest.shards):
        part = directory.part(manifest, shard)
        if record := records.get(shard):
            status.done[part] = record
        else:
            (status.begun if directory.is_begun(part) else status.missing).append(part)
    return status


class Merge:
    """The parts of a directory, all of which are there.

    Raises:
        UsageError: as `read_status`; or a part is missing.
    """

    def __init__(self, path: Location) -> None:
        self._status = read_status(path)
        self._directory, self._manifest = self._status.directory, self._status.manifest
        if absent := [*self._status.begun, *self._status.missing]:
            numbers = ranges(part.shard + 1 for part in absent)
            raise UsageError(
                f"{path}: {len(absent)} of {self._manifest.shards} parts are missing or damaged: {numbers}; write them "
                f"with --shard {min(part.shard for part in absent) + 1}/{self._manifest.shards} and so on"
            )

    @property
    def suffix(self) -> str:
        return self._manifest.suffix

    @property
    def pairs(self) -> int:
        return self._status.pairs

    @property
    def counted(self) -> str:
        """See `Manifest`."""
        return self._manifest.counted

    @property
    def skipped(self) -> int:
        return sum(record.skipped for record in self._status.done.values())

    @property
    def files(self) -> list[Location]:
        """All files of the directory that are read."""
        return [self._directory.manifest_path, *(path for part in self.parts for path in (part.path, part.record))]

    @property
    def parts(self) -> list[Part]:
        return list(self._status.done)

    def write(self, file: IO[bytes], folder: Path | None, report: Callable[[int], object]) -> None:
        """Write the output to a file that can be sought in, or a stream; `report` gets the number of parts done.

        Args:
            folder: where temporary files may be made.

        Raises:
            DataError: a part is damaged.
        """
        chosen = [(part, record) for part, record in self._status.done.items() if record.pairs]
        chosen = chosen or list(self._status.done.items())[:1]
        if self.suffix == ".npz":
            from pairlens.attention.dumps.npz import join_npz

            for part, record in chosen:
                _copy(part, record, 0, None)
            join_npz(file, [part.path for part, _ in chosen], folder)
        else:
            for done, (part, record) in enumerate(chosen):
                _copy(part, record, record.head if done else 0, file)
                report(done + 1)

    def remove_parts(self) -> None:
        """Remove the parts, and their directory unless there is something else in it."""
        self._directory.remove(self._manifest)

    def sweep(self) -> None:
        """Remove what processes that died left in the directory."""
        self._directory.sweep(self._manifest)


def _copy(part: Part, record: Record, start: int, file: IO[bytes] | None) -> None:
    """Write a part from a byte on to a file, if there is one. Raises DataError if it is not what was recorded."""
    digest, left = hashlib.blake2b(digest_size=16), start
    with part.path.open("rb") as source:
        while block := source.read(_BLOCK):
            digest.update(block)
            if file and left < len(block):
                file.write(block[left:])
            left = max(left - len(block), 0)
    if digest.hexdigest() != record.checksum:
        again = f"--shard {part.shard + 1}/{part.shards}"
        raise DataError(f"{part.path}: damaged; remove it, and write it again with {again}")


def ranges(numbers: Iterable[int]) -> str:
    """Ascending numbers in short: 3, 7-9."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)
