"""Shards that carry their run, for workers on machines that do not have it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from pairlens.jobs.shards.shards import Shards
from pairlens.runs import names
from pairlens.runs.run import Run


@dataclass(frozen=True)
class CarriedShards:
    """Shards and the files of their run, by name. It can be pickled, and is the work of a cluster."""

    shards: Shards
    run_files: dict[str, bytes]

    def prepare(self) -> Callable[[int], int]:
        """As `Shards.prepare`, with the run in a temporary directory, which is removed when the worker ends."""
        directory = TemporaryDirectory(prefix="pairlens-run-")
        for name, content in self.run_files.items():
            (Path(directory.name) / name).write_bytes(content)
        do = replace(self.shards, maker=self.shards.maker.with_run(Path(directory.name))).prepare()

        def do_in(number: int, _keep: TemporaryDirectory[str] = directory) -> int:
            return do(number)

        return do_in


def carry(shards: Shards) -> CarriedShards:
    """Read the files of the run that scoring needs."""
    run = Run.open(shards.maker.run_directory).path
    files = {name: run / name for name in names.FOR_SCORING}
    return CarriedShards(shards, {name: path.read_bytes() for name, path in files.items() if path.is_file()})
