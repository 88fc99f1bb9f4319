"""Time and memory of `pairlens score` as the work grows, with 1 and 2 threads, as a table and as scaling.png.

.venv-bench/bin/python tests/benchmarks/scaling.py [--quick]
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from make_run import make_run
from processes import Cost, in_child, medians, run_turn
from workloads import MEAN_LENGTHS, VOCABULARY, write_pairs
from works import PAIRLENS

PICTURE = Path(__file__).with_suffix(".png")
THREADS = (1, 2)


class Size(NamedTuple):
    """The size of a job; `lengths` are the mean tokens of query and value."""

    pairs: int
    vocabulary: int = VOCABULARY
    lengths: tuple[int, int] = MEAN_LENGTHS["short"]


Points = dict[int, dict[int, Cost]]  # by the size that grows, by threads


def sizes(quick: bool) -> Iterator[tuple[str, dict[int, Size]]]:
    """Yield what grows, and the job sizes by its amount."""
    pairs, vocabulary, length = (100_000, 100_000, 100) if quick else (10_000_000, 1_000_000, 1_000)
    standard = pairs // 100 if quick else 100_000
    yield "pairs", {n: Size(n) for n in _up_to(pairs, start=pairs // 1000)}
    yield "words in the vocabulary", {n: Size(standard, vocabulary=n) for n in _up_to(vocabulary, start=1_000)}
    # The total of tokens is constant, so that only the attention per token grows.
    yield "tokens of a text", {n: Size(standard * 10 // n, lengths=(n, n)) for n in _up_to(length, start=10)}


def _up_to(limit: int, start: int) -> list[int]:
    return [n for n in (start * 10**i for i in range(10)) if n <= limit]


def measure(size: Size, folder: Path, rounds: int) -> dict[int, Cost]:
    """The median costs by number of threads."""
    in_child(make_run, "documented", folder / "run", size.vocabulary)
    in_child(write_pairs, folder / "pairs", size.lengths, size.pairs, size.vocabulary)
    output = folder / "scores.txt"
    command = [PAIRLENS, "score", folder / "run", folder / "pairs.query.txt", folder / "pairs.value.txt"]
    options = ["--force", "--output", output]
    turn = {str(threads): [*map(str, [*command, *options, "--threads", threads])] for threads in THREADS}
    costs = medians([run_turn(turn) for _ in range(rounds)])
    assert output.read_bytes().count(b"\n") == size.pairs
    return {threads: costs[str(threads)] for threads in THREADS}


def draw(sweeps: dict[str, Points], path: Path) -> None:
    """Draw seconds above and memory below, with a column for each size that grows."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogFormatter

    figure = Figure(figsize=(4 * len(sweeps), 6), layout="constrained")
    axes = figure.subplots(2, len(sweeps), sharex="col", sharey="row")
    for column, (what, points) in enumerate(sweeps.items()):
        for threads in THREADS:
            label = f"{threads} thread" + "s" * (threads > 1)
            seconds = [costs[threads].seconds for costs in points.values()]
            megabytes = [costs[threads].memory / 1e6 for costs in points.values()]
            axes[0, column].loglog(list(points), seconds, "o-", label=label)
            axes[1, column].loglog(list(points), megabytes, "o-", label=label)
        axes[1, column].set_xlabel(what)
    for row in axes[:, 0]:
        row.yaxis.set_major_formatter(LogFormatter())  # 200, not 2 × 10²
        row.yaxis.set_minor_formatter(LogFormatter())
    axes[0, 0].set_ylabel("seconds, start to end")
    axes[1, 0].set_ylabel("peak memory, MB")
    axes[0, 0].legend()
    figure.savefig(path, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure how pairlens scales.")
    parser.add_argument("--quick", action="store_true", help="small inputs, and no picture")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="turns per median (default: 3)")
    arguments = parser.parse_args()
    sweeps: dict[str, Points] = {}
    with tempfile.TemporaryDirectory(prefix="pairlens-scaling-") as folder:
        measure(Size(1), Path(folder), 1)  # compiles
        for what, amounts in sizes(arguments.quick):
            print(f"\n{what:<24}" + "".join(f"{f'{threads} threads':>22}" for threads in THREADS))
            sweeps[what] = {}
            for amount, size in amounts.items():
                costs = sweeps[what][amount] = measure(size, Path(folder), arguments.rounds)
                cells = (f"{cost.seconds:10.2f} s {cost.memory / 1e6:6,.0f} MB" for cost in costs.values())
                print(f"{amount:<24,}" + "".join(cell.rjust(22) for cell in cells), flush=True)
    if not arguments.quick:
        draw(sweeps, PICTURE)


if __name__ == "__main__":
    main()
