"""Compare pairlens with PyTorch, ONNX Runtime and plain tf-keras on the same files, weights and threads.

make bench                                                  # everything; more than an hour on two cores
.venv-bench/bin/python tests/benchmarks/run.py --quick      # 20,000 short and 5,000 long pairs

Every number is the median of runs in turns (A B C D A B C D …), each in its own process. In every run the answers of
all engines must agree within 1e-4. "pairlens is" says how many times as fast as the best of the others it is.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from processes import THREADS, Cost, in_child, medians, run_turn
from works import Work, all_works

TOLERANCE = 1e-4
_COLUMNS = {
    "pairlens": "pairlens",
    "torch": "PyTorch",
    "onnx": "ONNX Runtime",
    "keras": "tf-keras",
    "fromstring": "np.fromstring",
    "split": "str.split",
}
_NAME, _CELL = 42, 25  # widths


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare pairlens with its peers.")
    parser.add_argument("--quick", action="store_true", help="small inputs")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="turns per median (default: 3)")
    parser.add_argument("--only", default="", metavar="TEXT", help="measure only rows whose name contains TEXT")
    arguments = parser.parse_args()
    if (load := os.getloadavg()[0]) > 0.5:
        print(f"This machine is busy (load {load:.1f}): do not trust the times.", file=sys.stderr)
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])
    engines: list[str] = []
    with tempfile.TemporaryDirectory(prefix="pairlens-bench-") as folder:
        for name, build in all_works(arguments.quick):
            if arguments.only not in name:
                continue
            work = build(Path(folder))
            if engines != list(work.commands):
                engines = list(work.commands)
                print(header(engines), flush=True)
            print(row(name, work.unit, measure(work, arguments.rounds)), flush=True)


def measure(work: Work, rounds: int) -> dict[str, Cost]:
    """The median costs of a work's engines. A first turn, which fills caches, does not count."""
    turns = []
    for _ in range(rounds + 1):
        for path in work.answers.values():
            path.unlink(missing_ok=True)
        turns.append(run_turn(work.commands))
        if work.answers:
            in_child(compare, work.answers)
    return medians(turns[1:])


def compare(answers: dict[str, Path]) -> None:
    """Exit unless every file has the same numbers as that of pairlens, within the tolerance."""
    import numpy as np

    numbers = {engine: np.fromstring(path.read_bytes(), sep="\n") for engine, path in answers.items()}
    for engine, theirs in numbers.items():
        ours = numbers["pairlens"]
        if len(theirs) != len(ours):
            sys.exit(f"{engine} gives {len(theirs)} answers, pairlens {len(ours)}")
        worst = np.abs(theirs - ours).max(initial=0.0)
        if not worst <= TOLERANCE:
            sys.exit(f"an answer of {engine} differs by {worst:.2g} from that of pairlens")


def header(engines: list[str]) -> str:
    return "\n" + " " * _NAME + "".join(_COLUMNS[engine].rjust(_CELL) for engine in engines) + " pairlens is".rjust(14)


def row(name: str, unit: str, costs: dict[str, Cost]) -> str:
    """A line of the table: each engine's time or rate with its peak memory, and the advantage over the best peer."""
    numbers = [cost.seconds if unit == "s" else cost.printed for cost in costs.values()]
    cells = [
        f"{_three_digits(number)} {unit} {cost.memory / 1e6:6,.0f} MB"
        for number, cost in zip(numbers, costs.values(), strict=True)
    ]
    return name.ljust(_NAME) + "".join(cell.rjust(_CELL) for cell in cells) + f"{advantage(unit, numbers):12.1f} ×"


def advantage(unit: str, numbers: list[float]) -> float:
    """How many times as fast as the best of the others the first engine is, from seconds or from rates."""
    ours, *others = numbers
    return min(others) / ours if unit == "s" else ours / max(others)


def _three_digits(number: float) -> str:
    return f"{float(f'{number:.3g}'):,.{2 if number < 100 else 0}f}"


if __name__ == "__main__":
    main()
