"""The records in a directory of parts: what is made, from which input, and each part that is done."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ConfigDict

from pairlens.errors import DataError
from pairlens.jobs.input_files import InputFiles, Piece
from pairlens.jobs.shards.plan import Plan
from pairlens.locations.location import Location
from pairlens.locations.remote import Remote
from pairlens.texts.blocks import data_errors

_FORMAT = 1
_REQUESTS = 16
_SAMPLE = 65_536  # bytes at the beginning and the end of an input that its fingerprint covers

Input = tuple[str, int, str]  # path, bytes and fingerprint of a file


class Manifest(BaseModel):
    """What the shards of a directory do together.

    Attributes:
        identity: describes the job; processes with another one are refused.
        inputs: the files of each part of the input.
        plan: how the pairs are divided.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    format: int = _FORMAT
    shards: int
    suffix: str
    identity: dict[str, Any]
    inputs: list[list[Input]]
    plan: Plan

    @cached_property
    def digest(self) -> str:
        return hashlib.blake2b(self.model_dump_json().encode(), digest_size=16).hexdigest()

    @property
    def counted(self) -> str:
        """What the parts have a number of: pairs, or the places of a ranking, several for each query."""
        return "places" if "the candidates" in self.identity else "pairs"


class Record(BaseModel):
    """What is known about a part: its manifest's digest, its pairs, bytes and checksum, and the bytes of its head."""

    model_config = ConfigDict(extra="forbid", strict=True)

    manifest: str
    pairs: int
    skipped: int
    head: int
    size: int
    checksum: str


def refuse_changed(manifest: Manifest, files: InputFiles, pieces: list[Piece]) -> None:
    """Raises DataError if a file that a shard reads is not the one that the manifest was made for."""
    for piece in pieces:
        for path, recorded in zip(files.parts[piece.part], manifest.inputs[piece.part], strict=True):
            if describe_input(path) != recorded:
                raise DataError(f"{path}: has changed since the first shard began; put it back, or start again")


def describe_inputs(files: InputFiles) -> list[list[Input]]:
    """Describe the files of each part, several at once, as for those in a bucket that takes a request each."""
    with ThreadPoolExecutor(_REQUESTS) as pool:
        described = iter(list(pool.map(describe_input, files.paths)))
    return [[next(described) for _ in part] for part in files.parts]


def describe_input(path: Location) -> Input:
    """Describe a file, to recognize it later. Raises DataError if it cannot be read."""
    with data_errors(str(path)):
        if isinstance(path, Remote):
            return str(path), *path.size_and_version()
        with path.open("rb") as file:
            size = path.stat().st_size
            digest = hashlib.blake2b(file.read(_SAMPLE), digest_size=16)
            file.seek(max(size - _SAMPLE, 0))
            digest.update(file.read(_SAMPLE))
    return str(path), size, digest.hexdigest()


def checksum(path: Location) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
