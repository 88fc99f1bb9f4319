"""What accuracy costs: networks of the strong default's family, trained on a data set, as a table and as frontier.png.

python tests/benchmarks/frontier.py METRIC CONFIG [--set KEY=VALUE]... [--seeds N] [--line NAME=VALUE]...

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
from string import ascii_uppercase
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
_NEAR = 0.03  # below the best metric: the range of the right half of the picture

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


def draw(metric: str, points: Mapping[str, Point], lines: Mapping[str, float], path: Path) -> None:
    """Draw the metric over the time per pair, as a whole and near the best; networks have the letters of the legend.

    The grey line is the frontier: no network is both above it and left of it.

    Args:
        lines: results to compare with, by name, as dotted lines.
    """
    from matplotlib.figure import Figure

    by_time = sorted(points.items(), key=lambda item: item[1].microseconds)
    figure = Figure(figsize=(11, 5), layout="constrained")
    whole, near = figure.subplots(1, 2)
    best = max(point.mean for point in points.values())
    bests = np.maximum.accumulate([point.mean for _, point in by_time])
    for axes, lowest in ((whole, -np.inf), (near, best - _NEAR)):
        axes.step([point.microseconds for _, point in by_time], bests, where="post", color="0.8")
        for letter, (name, point) in zip(ascii_uppercase, by_time, strict=False):
            if point.mean > lowest:
                label = f"{letter}  {name}: {point.mean:.3f}, {point.microseconds:.1f} µs"
                axes.errorbar(point.microseconds, point.mean, point.deviation, fmt="o", color="C0", label=label)
                axes.annotate(letter, (point.microseconds, point.mean), textcoords="offset points", xytext=(5, 3))
        axes.set_xlabel("microseconds per pair, one thread")
    for name, value in lines.items():
        whole.axhline(value, linestyle=":", color="C1")
        whole.annotate(name, (0.98, value), xycoords=("axes fraction", "data"), ha="right", va="bottom", color="C1")
    near.set_ylim(best - _NEAR, best + _NEAR / 5)
    whole.set_ylabel(f"{metric} on dev")
    figure.legend(*whole.get_legend_handles_labels(), loc="outside right center", handlelength=0, frameon=False)
    figure.savefig(path, dpi=100)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("metric")
    parser.add_argument("config", type=Path)
    parser.add_argument("--set", action="append", default=[], dest="settings")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--picture", type=Path, default=PICTURE)
    parser.add_argument("--line", action="append", default=[], metavar="NAME=VALUE", help="a result to compare with")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        points = measure(arguments.metric, arguments.config, arguments.settings, arguments.seeds, Path(folder))
    print(f"| network | {arguments.metric} on dev | µs per pair |\n|---|---|---|")
    for name, point in sorted(points.items(), key=lambda item: item[1].microseconds):
        print(f"| {name} | {point.mean:.3f} ± {point.deviation:.3f} | {point.microseconds:.1f} |")
    lines = {name: float(value) for name, _, value in (line.partition("=") for line in arguments.line)}
    draw(arguments.metric, points, lines, arguments.picture)


if __name__ == "__main__":
    main()
