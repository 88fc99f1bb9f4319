"""Lines of --verbose about a command's model, input and threads; and a warning if words cannot be shown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pairlens.config.schema import Config
from pairlens.config.weights import weight_shapes
from pairlens.kernels.threads import processors
from pairlens.locations.location import Location
from pairlens.runs.run import Run
from pairlens.texts.split_paths import SplitPaths
from pairlens_cli import output

if TYPE_CHECKING:
    from pairlens.evaluation.evaluation import Files


def log_model(source: Location, config: Config) -> None:
    """Log the task and size of a model; `source` is its config file or run."""
    weights = sum(math.prod(shape) for shape in weight_shapes(config.model).values())
    output.detail(f"{source}: task {config.task}, {weights:,} weights")


def log_pairs(files: Sequence[Files], count: int) -> None:
    """Log the files of labelled pairs, and the number of pairs."""
    from pairlens.evaluation.evaluation import paths_of

    paths = [path for one in files for path in paths_of(one)]
    paths += [one.weight for one in files if isinstance(one, SplitPaths)]
    output.detail(f"{', '.join(str(path) for path in paths if path)}: {count:,} pairs")


def log_threads(threads: int | None = None) -> None:
    """Log the number of threads; None means one for each processor that this process may use."""
    count = threads or processors()
    output.detail(f"{count} thread{'s' * (count != 1)}")


def warn_without_words(run: Run, vocabulary: Sequence[str] | None) -> None:
    """Warn that ids are shown instead of words, if the run has lost its words."""
    if vocabulary is None and (why := run.why_no_words()):
        output.warn(why)
