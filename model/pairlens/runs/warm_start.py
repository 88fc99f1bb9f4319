"""The run whose weights a training begins with."""

from __future__ import annotations

from pairlens.config.schema import Config
from pairlens.runs.run import Floats, Run


def warm_start_weights(config: Config) -> dict[str, Floats] | None:
    """The weights that `training.warm_start` names, if it is set.

    Raises:
        RunError: there is no run, it has no weights, or they are another network's.
    """
    if config.training.warm_start is None:
        return None
    origin = Run.open(config.training.warm_start)
    origin.config()  # which refuses a run of a later format
    return origin.weights(config)


def warm_start_checksum(config: Config) -> str | None:
    """Tells that run's weights from others; None if there is no such run, which matters only to what begins."""
    try:
        return Run(config.training.warm_start).checksum() if config.training.warm_start else None
    except OSError:
        return None
