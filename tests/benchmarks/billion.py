"""What 10⁹ pairs cost in core-hours, bytes and requests, from what a million cost here.

python tests/benchmarks/billion.py        # about two minutes on two cores
"""

from __future__ import annotations

import gzip
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from subprocess import run
from typing import NamedTuple

from make_run import make_run
from processes import in_child
from workloads import MEAN_LENGTHS, write_pairs
from works import PAIRLENS

PAIRS, BILLION = 1_000_000, 1_000_000_000
_RANGE = 8 * 2**20  # bytes of a request, see locations/reader.py
_LISTED = 1000  # keys that a request lists


class Measured(NamedTuple):
    """Of a million pairs: processor seconds, bytes of input, plain and compressed, and bytes of scores."""

    seconds: float
    plain: int
    compressed: int
    scores: int


def processor_seconds(command: list[str]) -> float:
    before = os.times()
    run(command, check=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def measure(folder: Path, network: str) -> Measured:
    in_child(make_run, network, folder / network)
    inputs = [folder / f"pairs.{side}.txt" for side in ("query", "value")]
    if not inputs[0].exists():
        in_child(write_pairs, folder / "pairs", MEAN_LENGTHS["short"], PAIRS)
    output = folder / "scores.txt"
    command = list(map(str, [PAIRLENS, "score", folder / network, *inputs, "--threads", "1", "--output", output]))
    processor_seconds([*command, "--force", "--quiet"])  # compiles
    seconds = processor_seconds([*command, "--force", "--quiet"])
    contents = [path.read_bytes() for path in inputs]
    compressed = sum(len(gzip.compress(content, 6)) for content in contents)
    return Measured(seconds, sum(map(len, contents)), compressed, output.stat().st_size)


def manifest_bytes(folder: Path, shards: int) -> int:
    """The size of the manifest of as many compressed parts as shards."""
    from pairlens.jobs.shards.manifest import Manifest
    from pairlens.jobs.shards.plan import Cut, Plan

    sides = [
        (f"s3://bucket/parts/part-{i:05d}.{side}.txt.gz", 9**9, "0" * 32) for i in (0,) for side in ("query", "value")
    ]
    plan = Plan([Cut(i) for i in range(shards + 1)], list(range(0, (shards + 1) * 10**5, 10**5)))
    manifest = Manifest(shards=shards, suffix=".txt", identity={}, inputs=[sides] * shards, plan=plan)
    path = folder / "manifest.json"
    path.write_text(manifest.model_dump_json())
    return path.stat().st_size


def merge_speed(folder: Path) -> float:
    """Bytes of parts that `merge` joins in a second, checksums verified and the result synchronised to the disk."""
    inputs = [str(folder / f"pairs.{side}.txt") for side in ("query", "value")]
    parts, joined = folder / "parts.tsv.d", folder / "joined.tsv"
    run(
        [
            PAIRLENS,
            "score",
            str(folder / "documented"),
            *inputs,
            "--format",
            "tsv",
            "--shard",
            "1/1",
            "--output",
            parts,
        ],
        check=True,
    )
    began = time.perf_counter()
    run([PAIRLENS, "merge", parts, "--output", joined, "--quiet"], check=True)
    return joined.stat().st_size / (time.perf_counter() - began)


def rows(found: dict[str, Measured], folder: Path) -> Iterator[tuple[str, str]]:
    thousand = BILLION // PAIRS
    for network, one in found.items():
        yield f"core-hours, {network}", f"{one.seconds * thousand / 3600:.2f} ({one.seconds:.2f} s for a million)"
    one = found["documented"]
    yield "input, plain", f"{one.plain * thousand / 1e9:.0f} GB"
    yield "input, .gz", f"{one.compressed * thousand / 1e9:.0f} GB"
    yield "scores as text", f"{one.scores * thousand / 1e9:.1f} GB"
    for shards in (1000, 10_000):
        size = manifest_bytes(folder, shards)
        data = one.compressed * thousand / _RANGE + 2 * shards  # ranges, and the beginning of each file
        requests = data + 2 * 2 * shards + shards * (1 + 2 + 2)  # what each file is, twice; manifest, part, record
        yield (
            f"with {shards:,} compressed parts in a bucket",
            f"{requests:,.0f} requests, a manifest of {size / 1e6:.1f} MB that each shard reads, "
            f"{2 * shards / _LISTED:.0f} requests to list the parts",
        )
    speed = merge_speed(folder)
    yield "one writer that merges", f"{one.scores * thousand / speed:.0f} s at {speed / 1e6:.0f} MB/s"


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="pairlens-billion-") as name:
        folder = Path(name)
        found = {network: measure(folder, network) for network in ("documented", "aligned")}
        print("| 10⁹ pairs of 11 + 11 tokens | |\n|---|---|")
        for what, value in rows(found, folder):
            print(f"| {what} | {value} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
