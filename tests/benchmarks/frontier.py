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
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pairlens
from pairlens.config.file import load_config
from pairlens.scoring.scorer import Scorer
from pairlens.texts.pairs import Pairs
from pairlens.texts.splits import read_split

PICTURE = Path(__file__).with_suffix(".png")
CONFIGS = Path(__file__).parents[2] / "configs"
_TIMED_PAIRS = 20_000
_TURNS = 5

# Without compare, a network's positions are pooled as they are; "overlap" is the wide head's start alone.
LARGE = ["model.compare.units=100", "model.embedding.output_dim=100", "model.conv.filters=50"]
NETWORKS: dict[str, list[str]] = {
    "aligned": [],
    "aligned-large": LARGE,
    "32 units": ["model.compare.units=32"],
    "16 units": ["model.compare.units=16"],
    "half as wide": ["model.embedding.output_dim=48", "model.conv.filters=32", "model.compare.units=32"],
    "two features": ["model.features=[absolute_difference,product]"],
    "no compare": ["model.compare=null"],
    "no overlap": ["model.overlap=false", "model.wide=false"],
    "no wide head": ["model.wide=false"],
    "only words": ["model.views=[embedding]", "model.conv=[]"],
}


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


def microseconds(scorers: Mapping[str, Scorer], pairs: Pairs) -> dict[str, float]:
    """The least time per pair of several turns."""
    least = dict.fromkeys(scorers, float("inf"))
    for _ in range(_TURNS):
        for name, scorer in scorers.items():
            began = time.perf_counter()
            scorer.score(pairs.query, pairs.value)
            least[name] = min(least[name], time.perf_counter() - began)
    return {name: seconds / len(pairs) * 1e6 for name, seconds in least.items()}


def timed_pairs(config: Path, settings: Sequence[str]) -> Pairs:
    """The pairs of dev, repeated up to a number that takes a measurable time."""
    import numpy as np

    dev = read_split(load_config(config, settings), "dev")
    return dev.take(np.arange(_TIMED_PAIRS) % len(dev))


def measure(metric: str, config: Path, settings: Sequence[str], seeds: int, folder: Path) -> dict[str, Point]:
    """Train and time every network; the documented one keeps its own settings, but for the data and the task."""
    runs = {name: train(config, [*settings, *its], seeds, folder / name) for name, its in NETWORKS.items()}
    found = {name: [dev_metric(run, metric) for run in its] for name, its in runs.items()}
    scorers = {name: pairlens.load(its[0], threads=1) for name, its in runs.items()}
    times = microseconds(scorers, timed_pairs(config, settings))
    return {
        name: Point(statistics.fmean(values), statistics.stdev(values) if seeds > 1 else 0.0, times[name])
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
