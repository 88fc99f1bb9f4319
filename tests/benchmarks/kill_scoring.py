"""Kill `score --resume` at random moments, go on, and compare the file with that of a scoring that nobody killed.

    python tests/benchmarks/kill_scoring.py [KILLS]         # default 50; about 6 seconds each on two cores

Every job is killed up to three times, mostly when some of its chunks of 65,536 pairs are saved.
"""

from __future__ import annotations

import sys
import tempfile
import time
from itertools import count
from pathlib import Path
from subprocess import Popen, run

import numpy as np
from make_run import make_run
from processes import in_child
from workloads import MEAN_LENGTHS, write_pairs
from works import PAIRLENS

PAIRS = 600_000
_A_JOB = 3  # kills


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
        killed, jobs, same, saved = 0, 0, 0, 0
        while killed < kills:
            output, progress = folder / f"out{jobs}", folder / f"out{jobs}.progress"
            for attempt in count():
                process = Popen([*command, str(output)])
                if attempt == _A_JOB or killed == kills:
                    break
                time.sleep(random.uniform(0.1, duration))
                if process.poll() is not None:  # faster than the moment that was drawn
                    break
                process.kill()
                process.wait()
                killed += 1
                saved += progress.exists() and progress.stat().st_size > 0
            jobs += 1
            code = process.wait()
            left = [path.name for path in folder.glob(f"{output.name}.*")]
            same += code == 0 and output.read_bytes() == straight and not left
            output.unlink(missing_ok=True)
            print(
                f"{same} of {jobs} jobs ended byte-identical; {killed} kills, {saved} with saved progress", flush=True
            )
    return int(same < jobs)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 50))
