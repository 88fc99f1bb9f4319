"""pairlens: learn how similar two texts are, score pairs in bulk, and see which words looked at which.

    import pairlens
    scorer = pairlens.load("RUN")
    scorer.score([[4, 8, 15], [16]], [[4, 8], [23, 42]])    # float32 [2]
    scorer.attend([[4, 8, 15]], [[4, 8]])[0].scores         # float32 [3, 2]

Nothing here imports TensorFlow; only training does (`pairlens.training`).
"""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pairlens.scorer import Scorer

__all__ = ["load"]


def load(run: str | PathLike[str], threads: int | None = None) -> Scorer:
    """The model of a run directory, ready to score and attend.

    Args:
        run: a directory that `pairlens train` wrote. Nothing in it is executed or unpickled.
        threads: processors to use; default: all that this process may. The scores are the same for any number.

    Raises:
        pairlens.errors.RunError: there is no run, or its files are damaged or do not fit each other.
    """
    from pairlens.runs import Run
    from pairlens.scorer import Scorer

    directory = Run.open(Path(run))
    config = directory.config()
    return Scorer(config, directory.weights(config), threads)
