"""Kill workers, then the command itself, of `score --cluster` at random moments, and compare the merged bytes.

    python tests/benchmarks/kill_cluster.py local|ray [WORKERS [COMMANDS]]     # so many kills; default 50 and 20

A job may lose up to five workers, each of which costs its part another attempt; or its command up to three times, which
is then given again. Every job must end with the bytes of one process, and leave nothing.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from subprocess import PIPE, Popen, run

import numpy as np
from make_run import make_run
from processes import in_child
from workloads import MEAN_LENGTHS, write_pairs
from works import PAIRLENS

PAIRS = 1_000_000
_WORKERS_PER_JOB, _COMMANDS_PER_JOB = 5, 3
_WORKER = {"local": "local_pool", "ray": "ray::_do"}  # in a worker's command line


def workers_of(pid: int, kind: str) -> list[int]:
    """The worker processes of a command."""
    parents, lines = {}, {}
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parents[int(path.name)] = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            lines[int(path.name)] = (path / "cmdline").read_text()
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return [child for child in found - {pid} if _WORKER[kind] in lines[child]]


def kill_workers(command: list[str], kind: str, kills: int, random: np.random.Generator, longest: float) -> int:
    """Run a command to its end while up to `kills` of its workers are killed; return how many were."""
    killed = set[int]()
    with Popen(command, stderr=PIPE, text=True) as process:
        while process.poll() is None:
            time.sleep(random.uniform(0.05, longest))
            victims = sorted(set(workers_of(process.pid, kind)) - killed)
            if victims and len(killed) < kills:
                killed.add(victim := int(random.choice(victims)))
                with suppress(ProcessLookupError):
                    os.kill(victim, signal.SIGKILL)
        stderr = process.stderr.read() if process.stderr else ""
    if process.returncode:
        sys.exit(f"exit code {process.returncode}: {stderr}")
    return len(killed)


def kill_commands(command: list[str], kills: int, random: np.random.Generator, longest: float) -> int:
    """Run a command, killed and given again up to `kills` times, to its end; return how many kills there were."""
    for done in range(kills):
        with Popen(command) as process:
            time.sleep(random.uniform(0.3, longest))
            if process.poll() is not None:
                return done
            process.kill()
    run(command, check=True)
    return kills


def main(kind: str, worker_kills: int, command_kills: int) -> int:
    random = np.random.default_rng(1)
    with tempfile.TemporaryDirectory(prefix="pairlens-kills-") as name:
        folder = Path(name)
        in_child(make_run, "documented", folder / "run")
        in_child(write_pairs, folder / "pairs", MEAN_LENGTHS["short"], PAIRS)
        score = [PAIRLENS, "score", folder / "run", *(folder / f"pairs.{side}.txt" for side in ("query", "value"))]
        score = list(map(str, [*score, "--quiet"]))
        run([*score, "--output", str(folder / "straight")], check=True)
        straight = (folder / "straight").read_bytes()
        cluster = [*score, "--cluster", kind, "--workers", "2", "--shards", "16", "--retries", "50", "--output"]
        began = time.perf_counter()
        run([*cluster, str(folder / "first")], check=True)
        duration = time.perf_counter() - began
        killed, jobs, same = [0, 0], 0, 0
        while killed[0] < worker_kills or killed[1] < command_kills:
            output = folder / f"out{jobs}"
            if killed[0] < worker_kills:
                most = min(_WORKERS_PER_JOB, worker_kills - killed[0])
                killed[0] += kill_workers([*cluster, str(output)], kind, most, random, duration / 8)
            else:
                most = min(_COMMANDS_PER_JOB, command_kills - killed[1])
                killed[1] += kill_commands([*cluster, str(output)], most, random, duration)
            leftover = [path.name for path in folder.glob(f"{output.name}.*")]
            jobs, same = jobs + 1, same + (output.read_bytes() == straight and not leftover)
            output.unlink()
            print(
                f"{kind}: {same} of {jobs} jobs ended byte-identical; kills: {killed[0]} of workers, {killed[1]} of "
                "commands",
                flush=True,
            )
    return int(same < jobs)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], *map(int, (sys.argv[2:] + ["50", "20"][len(sys.argv) - 2 :])[:2])))
