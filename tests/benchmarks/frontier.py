"""What accuracy costs: networks of the strong default's family, trained on a data set, as a table and as frontier.png.

python tests/benchmarks/frontier.py METRIC CONFIG [--set KEY=VALUE]... [--seeds N]

METRIC is what the y axis shows, such as pearson or accuracy; CONFIG and --set name a data set with a dev split, as for
`pairlens train`. All choices are made on dev, so dev is what is shown. Times are those of one thread, in turns.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

import pairlens
from pairlens.config.file import load_config
from pairlens.runs.run import Run
from pairlens.texts.overlap import overlap_features
from pairlens.texts.pairs import Pairs
from pairlens.texts.splits import read_split

PICTURE = Path(__file__).with_suffix(".png")
CONFIGS = Path(__file__).parents[2] / "configs"
_TIMED_PAIRS = 20_000
_TURNS = 5

LARGE = ["model.compare.units=100", "model.embedding.output_dim=100", "model.conv.filters=50", "model.dnn.units=128"]
SMALL = ["model.compare.units=24", "model.embedding.output_dim=32", "model.conv.filters=16", "model.dnn.units=32"]
STILL = ["training.epochs=1", "training.optimizer.learning_rate=1e-9", "training.schedule.warmup=0"]
NETWORKS: dict[str, list[str]] = {
    "aligned": [],
    "large": LARGE,
    "small": SMALL,
    "32 units": ["model.compare.units=32"],
    "16 units": ["model.compare.units=16"],
    "two features": ["model.features=[absolute_difference,product]"],
    "three features": ["model.features=[attention,absolute_difference,product]"],
    "no compare": ["model.compare=null"],
    "no wide head": ["model.wide=false"],
    "no overlap": ["model.overlap=false", "model.wide=false"],
    "only words": ["model.views=[embedding]", "model.conv=[]"],
}
OVERLAP = "word overlap"  # the regression that a wide head starts from


class Point(NamedTuple):
    """A network's metric on dev, mean and standard deviation over seeds, and its microseconds per pair."""

    mean: float
    deviation: float
    microseconds: float


def train(config: Path, settings: Sequence[str], seeds: int, output: Path) -> list[Path]:
    """Train a network with consecutive seeds; return its runs."""
    options = [part for setting in settings for part in ("--set", setting)]
    command = [sys.executable, "-m", "pairlens", "train", config, *options, "--output", output, "--quiet"]
    command += ["--seeds", seeds] if seeds > 1 else []
    subprocess.run([*map(str, command)], check=True)
    return sorted(output.glob("seed-*")) or [output]


def dev_metric(run: Path, metric: str) -> float:
    return float(json.loads((run / "evaluation.json").read_text())["dev"][metric])


def least_microseconds(works: Mapping[str, Callable[[], object]], pairs: int) -> dict[str, float]:
    """The least time per pair of several turns."""
    least = dict.fromkeys(works, float("inf"))
    for _ in range(_TURNS):
        for name, work in works.items():
            began = time.perf_counter()
            work()
            least[name] = min(least[name], time.perf_counter() - began)
    return {name: seconds / pairs * 1e6 for name, seconds in least.items()}


def timed_works(runs: Mapping[str, Path], pairs: Pairs) -> dict[str, Callable[[], object]]:
    """What is timed for each network: its scores of the pairs; of word overlap only the features."""
    scorers = {name: pairlens.load(run, threads=1) for name, run in runs.items()}
    works: dict[str, Callable[[], object]] = {
        name: partial(scorer.score, pairs.query, pairs.value) for name, scorer in scorers.items()
    }
    idf = Run(runs[OVERLAP]).weights(scorers[OVERLAP].config)["tokens/idf"]
    return works | {OVERLAP: partial(overlap_features, pairs.query, pairs.value, idf)}


def measure(metric: str, config: Path, settings: Sequence[str], seeds: int, folder: Path) -> dict[str, Point]:
    """Train and time every network."""
    whole = load_config(config, settings)
    data = [setting for setting in settings if setting.startswith("data.")]
    documented = [*data, f"task={whole.task}", f"model.embedding.input_dim={whole.model.embedding.input_dim}"]
    runs = {name: train(config, [*settings, *its], seeds, folder / name) for name, its in NETWORKS.items()}
    runs["documented"] = train(CONFIGS / "documented.yaml", documented, seeds, folder / "documented")
    runs[OVERLAP] = train(config, [*settings, *STILL], 1, folder / "overlap")
    found = {name: [dev_metric(run, metric) for run in its] for name, its in runs.items()}
    dev = read_split(whole, "dev")
    pairs = dev.take(np.arange(_TIMED_PAIRS) % len(dev))
    times = least_microseconds(timed_works({name: its[0] for name, its in runs.items()}, pairs), len(pairs))
    return {
        name: Point(statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else 0.0, times[name])
        for name, values in found.items()
    }


def draw(metric: str, points: Mapping[str, Point], path: Path) -> None:
    """Draw the metric over the time per pair, and the line that no other network is above and left of."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    best = -float("inf")
    frontier = []
    for point in sorted(points.values(), key=lambda point: point.microseconds):
        if point.mean > best:
            best = point.mean
            frontier.append(point)
    axes.step([p.microseconds for p in frontier], [p.mean for p in frontier], where="post", color="0.7")
    for name, point in points.items():
        axes.errorbar(point.microseconds, point.mean, point.deviation, fmt="o", capsize=3, color="C0")
        axes.annotate(name, (point.microseconds, point.mean), textcoords="offset points", xytext=(6, 4))
    axes.set_xlabel("microseconds per pair, one thread")
    axes.set_ylabel(f"{metric} on dev")
    figure.savefig(path, dpi=100)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("metric")
    parser.add_argument("config", type=Path)
    parser.add_argument("--set", action="append", default=[], dest="settings")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--picture", type=Path, default=PICTURE)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        points = measure(arguments.metric, arguments.config, arguments.settings, arguments.seeds, Path(folder))
    print(f"| network | {arguments.metric} on dev | µs per pair |\n|---|---|---|")
    for name, point in sorted(points.items(), key=lambda item: item[1].microseconds):
        print(f"| {name} | {point.mean:.3f} ± {point.deviation:.3f} | {point.microseconds:.1f} |")
    draw(arguments.metric, points, arguments.picture)


if __name__ == "__main__":
    main()
