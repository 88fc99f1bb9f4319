"""Kill training at random moments, resume it, and compare the result with that of an undisturbed run.

    python tests/benchmarks/kill_training.py [KILLS]         # default 100; about 6 seconds each on two cores

Every kill hits a new run, which is then resumed to the end; every fifth kill comes before the first checkpoint. Dropout
is on, texts are in two buckets of length, and a checkpoint is written after every other step, so that many kills leave
one half-written. TensorFlow is imported once, and each training is a process forked before TensorFlow has started work.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))
from command_line import CONFIG, write_split

EPOCHS = 8
_SETTINGS = {"training.epochs": EPOCHS, "training.batch_size": 4, "training.checkpoint.every_steps": 2}


def make_data(folder: Path) -> None:
    """Half of the pairs short, half of them long."""
    (folder / "data").mkdir()
    for seed, (split, pairs) in enumerate([("train", 60), ("dev", 30)]):
        for longest in (3, 20):
            write_split(folder / f"{longest}", pairs, 10 * seed + longest, longest)
        for side in ("query", "value", "label"):
            texts = [(folder / f"{longest}.{side}.txt").read_text() for longest in (3, 20)]
            (folder / "data" / f"{split}.{side}.txt").write_text("".join(texts))
    (folder / "config.yaml").write_text(CONFIG.replace(", test: data/test, vocab: data/vocab.txt", ""))


def start(folder: Path, run: str) -> int:
    """Fork a process that trains `folder/run` or resumes it; return its id."""
    sys.stdout.flush()
    if process := os.fork():
        return process
    os.chdir(folder)
    settings = [word for key, value in _SETTINGS.items() for word in ("--set", f"{key}={value}")]
    sys.argv = ["pairlens", "train", "config.yaml", "--resume", "--quiet", "--output", run, *settings]
    from pairlens_cli.app import main

    try:
        main()
    except SystemExit as end:
        os._exit(end.code if isinstance(end.code, int) else int(end.code is not None))
    os._exit(0)


def wait(process: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def wait_for(path: Path) -> None:
    while not path.exists():
        time.sleep(0.001)


def end_of(run: Path) -> list[object]:
    """Weights, threshold and metrics without the speed."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    metrics = [{name: value for name, value in line.items() if name != "pairs_per_second"} for line in lines]
    return [(run / "weights.npz").read_bytes(), (run / "evaluation.json").read_bytes(), metrics]


def main(kills: int) -> int:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow  # noqa: F401

    random = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_data(folder)
        began = time.perf_counter()
        process = start(folder, "straight")
        wait_for(folder / "straight" / "checkpoint" / "state.npz")
        starting = time.perf_counter() - began
        if wait(process):
            return 1
        training = time.perf_counter() - began - starting
        straight, same, half_written = end_of(folder / "straight"), 0, 0
        for number in range(1, kills + 1):
            run = folder / f"run{number}"
            process = start(folder, run.name)
            if number % 5:
                wait_for(run / "checkpoint" / "state.npz")
            time.sleep(random.uniform(0.0, training if number % 5 else starting))
            os.kill(process, signal.SIGKILL)
            wait(process)
            half_written += any(run.rglob("*.partial"))
            code = wait(start(folder, run.name))
            leftover = [*run.rglob("*.partial"), *run.rglob(".lock")]
            same += code == 0 and end_of(run) == straight and not leftover
            print(f"{same} of {number} ended bit-identical; {half_written} were killed while a file was half-written")
    return int(same < kills)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100))
