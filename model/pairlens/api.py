"""The public door: what Python users call. It may import everything below it, when it is called."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pairlens.scoring.scorer import Scorer


def load(run: str | PathLike[str], threads: int | None = None) -> Scorer:
    """The model of a run directory, ready to score and attend.

    Args:
        run: a directory that `pairlens train` wrote. Nothing in it is executed or unpickled.
        threads: processors to use; default: all that this process may. The scores are the same for any number.

    Raises:
        pairlens.errors.RunError: there is no run, or its files are damaged or do not fit each other.
    """
    from pairlens.runs.run import Run
    from pairlens.scoring.scorer import Scorer

    directory = Run.open(Path(run))
    config = directory.config()
    return Scorer(config, directory.weights(config), threads)
