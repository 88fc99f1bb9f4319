"""What --verbose tells of a command: its model, what it reads, and how many threads work. And why it shows no words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pairlens.config.schema import Config
from pairlens.config.weights import weight_shapes
from pairlens.kernels.threads import processors
from pairlens.runs.run import Run
from pairlens.texts.split_paths import SplitPaths
from pairlens_cli import output

if TYPE_CHECKING:
    from pairlens.evaluation.evaluation import Files


def tell_model(source: Path, config: Config) -> None:
    """A config's file or a run, and its model's task and size."""
    weights = sum(math.prod(shape) for shape in weight_shapes(config.model).values())
    output.detail(f"{source}: task {config.task}, {weights:,} weights")


def tell_pairs(files: Files, count: int) -> None:
    """The files of labelled pairs, and how many they hold."""
    from pairlens.evaluation.evaluation import paths_of

    paths = [*paths_of(files), files.weight if isinstance(files, SplitPaths) else None]
    output.detail(f"{', '.join(str(path) for path in paths if path)}: {count:,} pairs")


def tell_threads(threads: int | None = None) -> None:
    """How many work; None for as many as this process may use processors."""
    count = threads or processors()
    output.detail(f"{count} thread{'s' * (count != 1)}")


def warn_without_words(run: Run, vocabulary: Sequence[str] | None) -> None:
    """Why ids are shown, where a run that had words has none."""
    if vocabulary is None and (why := run.why_no_words()):
        output.warn(why)
