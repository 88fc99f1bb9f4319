"""Kill `score --resume` at random moments, resume it, and compare its output with that of an undisturbed run.

    python tests/benchmarks/kill_scoring.py [KILLS]         # default 50; about 6 seconds each on two cores

Every job is killed up to three times, mostly after some of its chunks of 65,536 pairs are saved.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from subprocess import TimeoutExpired, run

import numpy as np
from make_run import make_run
from processes import in_child
from workloads import MEAN_LENGTHS, write_pairs
from works import PAIRLENS

PAIRS = 600_000
_KILLS_PER_JOB = 3


def score_killed(command: list[str], output: Path, moments: Iterable[float]) -> tuple[int, list[bool]]:
    """Score into `output`, killed and resumed after each of `moments`, in seconds, and finally to the end.

    Returns: the last exit code, and for each kill whether progress had been saved. A process that finishes before its
    moment is the last one.
    """
    command, progress = [*command, str(output)], Path(f"{output}.progress")
    saved: list[bool] = []
    for moment in moments:
        try:
            return run(command, check=False, timeout=moment).returncode, saved
        except TimeoutExpired:  # the timeout has killed it
            saved.append(progress.exists() and progress.stat().st_size > 0)
            if output.exists() and not progress.exists():  # it was exiting; a new one would refuse to overwrite
                return 0, saved
    return run(command, check=False).returncode, saved


def main(kills: int) -> int:
    random = np.random.default_rng(1)
    with tempfile.TemporaryDirectory(prefix="pairlens-kills-") as name:
        folder = Path(name)
        in_child(make_run, "documented", folder / "run")
        in_child(write_pairs, folder / "pairs", MEAN_LENGTHS["short"], PAIRS)
        score = [PAIRLENS, "score", folder / "run", *(folder / f"pairs.{side}.txt" for side in ("query", "value"))]
        command = list(map(str, [*score, "--quiet", "--resume", "--output"]))
        for output in ("compiles", "straight"):
            began = time.perf_counter()
            run([*command, str(folder / output)], check=True)
            duration = time.perf_counter() - began
        straight = (folder / "straight").read_bytes()
        saved, jobs, same = [], 0, 0
        while len(saved) < kills:
            output = folder / f"out{jobs}"
            moments = random.uniform(0.1, duration, min(_KILLS_PER_JOB, kills - len(saved)))
            code, found = score_killed(command, output, moments)
            jobs, saved = jobs + 1, saved + found
            leftover = [path.name for path in folder.glob(f"{output.name}.*")]
            same += code == 0 and output.read_bytes() == straight and not leftover
            output.unlink(missing_ok=True)
            print(
                f"{same} of {jobs} jobs ended byte-identical; {len(saved)} kills, {sum(saved)} with saved progress",
                flush=True,
            )
    return int(same < jobs)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 50))
