"""Writes one shard of an output, in such a way that any number of processes can do so at any time."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from pairlens.compression import COMPRESSED, first_member_size
from pairlens.config.weights import weight_shapes
from pairlens.errors import InUseError, UsageError
from pairlens.jobs.cluster.worth import too_small
from pairlens.jobs.input_files import InputFiles
from pairlens.jobs.score_job import Listener
from pairlens.jobs.shards.directory import Part, ShardDirectory
from pairlens.jobs.shards.manifest import Manifest, describe_inputs, refuse_changed
from pairlens.jobs.shards.plan import make_plan
from pairlens.locations.location import Location
from pairlens.runs.run import Run
from pairlens.texts.sources import PairSource

if TYPE_CHECKING:
    from pairlens.tokenizer.tokenizer import Tokenizer


_SHARDS_A_WORKER = 4  # so that a slow worker delays the end little
_SMALLEST_SHARD = 4_000_000  # bytes of input
_EXPANSION = 4  # of compressed texts, roughly
_WAIT = 0.5  # seconds, for a process that writes the same part


class Written(NamedTuple):
    """The pairs that were written, the pairs with a fault that were skipped, and the lines of the part's head."""

    pairs: int
    skipped: int
    head_lines: int


WritePart = Callable[[Location, PairSource, dict[str, Any], Listener], Written]


class Maker(Protocol):
    """Makes an output that can be written in parts. It can be pickled, and reads the run only when it is used.

    Attributes:
        suffix: the suffix of the output, such as .txt.gz.
        is_numbered: whether the output has the numbers of pairs, so that they must be counted.
        run_directory: the run.
        threads: see `Scorer`.
    """

    @property
    def suffix(self) -> str: ...

    @property
    def is_numbered(self) -> bool: ...

    @property
    def run_directory(self) -> Location: ...

    @property
    def threads(self) -> int | None: ...

    def with_run(self, path: Location) -> Maker:
        """The same with a copy of the run."""

    def with_threads(self, threads: int) -> Maker:
        """The same with another number of threads."""

    def identity(self) -> dict[str, Any]:
        """What must be equal for two parts to belong to the same output."""

    def unit(self) -> int:
        """The number of pairs at whose multiples files may be cut."""

    def refuse_count(self, files: InputFiles, pairs: int) -> None:
        """Raises DataError if the output cannot be made of so many pairs."""

    def tokenizer(self) -> Tokenizer:
        """The run's tokenizer."""

    def prepare(self) -> WritePart:
        """Load the run; return a function that writes a part from (path, pairs, the job's identity, listener)."""


@dataclass(frozen=True)
class Shards:
    """An output that is made in shards, into a directory. It can be pickled, and is the work of a cluster."""

    maker: Maker
    files: InputFiles
    directory: Location

    def begin(self, shards: int) -> Manifest:
        """Return the manifest, which the first process writes.

        Raises:
            UsageError: the directory is of another job. DataError: an input cannot be read.
        """
        self.files.refuse_irregular()
        if len(self.files.parts) == 1 and shards > 1 and not self.files.can_be_cut(0):
            what = "tables, compressed files and UTF-16 are not cut; give one shard, or several files"
            raise UsageError(f"{self.files.paths[0]}: {what}")

        identity = {**self.maker.identity(), "the shards": shards, "the files": list(self.files.names)}
        identity = json.loads(json.dumps(identity))  # as it is read again

        def make_manifest() -> Manifest:
            inputs = describe_inputs(self.files)
            sizes = [[size for _, size, _ in part] for part in inputs]
            plan = make_plan(self.files, sizes, shards, self.maker.unit(), self.maker.is_numbered)
            if plan.firsts:
                self.maker.refuse_count(self.files, plan.firsts[-1])
            return Manifest(shards=shards, suffix=self.maker.suffix, identity=identity, inputs=inputs, plan=plan)

        return ShardDirectory(self.directory).begin(identity, make_manifest)

    def with_threads(self, threads: int) -> Shards:
        return replace(self, maker=self.maker.with_threads(threads))

    def too_small_for(self, cluster: str) -> str | None:
        """Why a cluster would take longer than this process; None if it pays. See `too_small`."""
        files = zip(self.files.paths, self.files.sizes, strict=True)
        sizes = [size * (_EXPANSION if path.name.endswith(COMPRESSED) else 1) for path, size in files]
        shapes = weight_shapes(Run.open(self.maker.run_directory).config().model)
        weights = sum(math.prod(shape) for name, shape in shapes.items() if name != "embedding/embeddings")
        return too_small(cluster, sum(sizes), weights)

    def unfinished(self, manifest: Manifest) -> list[int]:
        """The numbers of the shards, from 1, whose parts are not there. Their bytes are not read here."""
        there = ShardDirectory(self.directory).records(manifest)
        return [shard + 1 for shard in range(manifest.shards) if shard not in there]

    def prepare(self) -> Callable[[int], int]:
        """Load the run; return a function that writes a shard, by its number from 1, and returns its pairs."""
        write, manifest = self.maker.prepare(), ShardDirectory(self.directory).manifest()
        return partial(self._write, write, manifest, Listener())

    def write(self, manifest: Manifest, shard: int, listener: Listener) -> int:
        """Write a shard, by its number from 1, unless its part is there; return its pairs."""
        return self._write(self.maker.prepare(), manifest, listener, shard)

    def _write(self, write: WritePart, manifest: Manifest, listener: Listener, number: int) -> int:
        directory, shard = ShardDirectory(self.directory), number - 1
        part = directory.part(manifest, shard)
        pieces, first = manifest.plan.pieces(shard), manifest.plan.first(shard)
        identity = {**manifest.identity, "the shard": number}
        while (record := directory.intact(manifest, part)) is None:
            refuse_changed(manifest, self.files, pieces)
            source = self.files.source(self.maker.tokenizer, pieces, first)
            try:
                written = write(part.path, source, identity, listener)
            except InUseError:  # another process writes the same part
                time.sleep(_WAIT)
                continue
            head = _head_size(part, written.head_lines)
            directory.write_record(manifest, part, written.pairs, written.skipped, head)
            return written.pairs
        return record.pairs


def choose_count(shards: Shards, given: int | None, workers: int) -> int:
    """The number of shards: as given, or as in a directory that was begun, or 4 for each worker; not more than parts
    of the input that cannot be cut, and none too small to be worth it."""
    if given:
        return given
    if begun := ShardDirectory(shards.directory).begun():
        return begun.shards
    parts = len(shards.files.parts)
    most = sum(shards.files.sizes) // _SMALLEST_SHARD if any(map(shards.files.can_be_cut, range(parts))) else parts
    return max(min(_SHARDS_A_WORKER * workers, most), 1)


def _head_size(part: Part, lines: int) -> int:
    """The bytes of a part's head, which has so many lines; in a compressed file, it is a member of its own."""
    if not lines:
        return 0
    if part.path.name.endswith(COMPRESSED):
        return first_member_size(part.path)
    with part.path.open("rb") as file:
        return sum(len(file.readline()) for _ in range(lines))
