"""Rank N texts against N others, and compare with scoring the pairs one by one: python tests/benchmarks/rank.py 10000

The peers have no such command. Each scores a sample of the pairs, after they are read, and its time is extrapolated to
all pairs. That favours the peers, which need not read, choose or write.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
from processes import THREADS, run_once
from workloads import write_pairs
from works import PAIRLENS, make_run

NETWORKS = {"documented": 1, "aligned": 10}  # the number of pairs is divided by the square of this
ENGINES = ("pairlens", "torch", "onnx")
LENGTH = 7  # tokens on average
SAMPLE = 100_000  # pairs
HERE = Path(__file__).parent


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        for network, divisor in NETWORKS.items():
            measure(Path(name), network, max(count // divisor, 1))


def measure(folder: Path, network: str, count: int) -> None:
    """Print what ranking costs, and what each engine would need for the same pairs."""
    run, prefix, pairs = make_run(folder, network), folder / f"{count}", count**2
    write_pairs(prefix, (LENGTH, LENGTH), count)
    files = [f"{prefix}.query.txt", f"{prefix}.value.txt"]
    options = ["--top", "10", "--threads", str(THREADS), "--output", str(folder / f"{network}.txt")]
    cost = run_once([PAIRLENS, "rank", run, *files, *options])
    print(f"{network}, {count:,} × {count:,} texts of {LENGTH} tokens")
    print(
        f"  pairlens rank           {cost.seconds:9,.1f} s  {cost.memory / 1e6:6,.0f} MB  {_each(cost.seconds, pairs)}"
    )
    sample = make_sample(files, folder / "sample")
    for engine in ENGINES:
        script = [sys.executable, str(HERE / "engine_only.py"), engine, run, *sample, str(folder / "sample.out")]
        seconds = pairs / run_once(script).printed
        print(f"  {engine} pair by pair".ljust(24) + f"  {seconds:9,.1f} s  extrapolated  {_each(seconds, pairs)}")


def make_sample(files: list[str], prefix: Path) -> list[str]:
    """Write random pairs of the texts of two files."""
    random, written = np.random.default_rng(1), []
    for side, path in zip(("query", "value"), files, strict=True):
        lines = Path(path).read_bytes().splitlines(keepends=True)
        written.append(f"{prefix}.{side}.txt")
        Path(written[-1]).write_bytes(b"".join([lines[i] for i in random.integers(len(lines), size=SAMPLE)]))
    return written


def _each(seconds: float, pairs: int) -> str:
    return f"{seconds / pairs * 1e6:.3f} µs per pair"


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
