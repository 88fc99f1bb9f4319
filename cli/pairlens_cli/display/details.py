"""What --verbose tells of a command: its model, what it reads, and how many processors work."""

from __future__ import annotations

import math
import os
from pathlib import Path

from pairlens.config.schema import Config
from pairlens.config.weights import weight_shapes
from pairlens.texts.pairs import Pairs, SplitPaths
from pairlens_cli import output


def tell_model(source: Path, config: Config, threads: int | None = None) -> None:
    """The config's file or the run, the model's task and size, and how many threads there will be."""
    weights = sum(math.prod(shape) for shape in weight_shapes(config.model).values())
    output.detail(f"{source}: task {config.task}, {weights:,} weights")
    count = threads or len(os.sched_getaffinity(0))
    output.detail(f"{count} thread{'s' * (count != 1)}")


def tell_pairs(files: SplitPaths, pairs: Pairs) -> None:
    """The files of a split, and how many pairs they hold."""
    paths = [files.query, files.value, files.label, files.group, files.weight]
    output.detail(f"{', '.join(str(path) for path in paths if path)}: {len(pairs):,} pairs")
