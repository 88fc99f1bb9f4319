"""A run directory, as Python users see it."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pairlens.config.schema import Config
from pairlens.errors import RunError
from pairlens.locations.location import Location, location
from pairlens.pages.notebook_run import note_html, run_html
from pairlens.runs.names import EVALUATION, METRICS
from pairlens.runs.run import Run as Directory

if TYPE_CHECKING:
    from pairlens.api.scorer import Scorer


class Run:
    """A run directory, or one in a bucket, to be passed wherever a function takes a run.

    A notebook shows its dev metrics and learning curves. What is read once is kept. Runs with the same path are equal.

    Args:
        path: where `train` wrote it, or its address, such as s3://bucket/run.

    Raises:
        pairlens.errors.RunError: there is no run; or, when an attribute is read, its file is damaged.
    """

    def __init__(self, path: str | os.PathLike[str] | Location) -> None:
        self._directory = Directory.open(location(path))

    @property
    def path(self) -> Location:
        """The directory."""
        return self._directory.path

    @cached_property
    def config(self) -> Config:
        """The config, with every default."""
        return self._directory.config()

    @cached_property
    def metrics(self) -> list[dict[str, Any]]:
        """The evaluation of each epoch: `epoch`, `loss`, `pairs_per_second`, the metrics `dev` by name, and `best`."""
        return self._directory.metrics()

    @cached_property
    def evaluation(self) -> dict[str, Any]:
        """The metrics `dev` of the best weights, and the threshold of a binary task; empty without a dev split."""
        return self._directory.evaluation() or {}

    @cached_property
    def vocabulary(self) -> list[str] | None:
        """The word of each id; None if the run was trained without a vocabulary."""
        return self._directory.vocabulary()

    def load(self, threads: int | None = None) -> Scorer:
        """Load the model; see `pairlens.load`."""
        from pairlens.api.scorer import Scorer

        weights = self._directory.weights(self.config)
        return Scorer(self.config, weights, threads, self._directory.tokenizer, self._directory.vocabulary)

    def __fspath__(self) -> str:
        return str(self.path)

    def __eq__(self, other: object) -> bool:
        return self.path == other.path if isinstance(other, Run) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.path)

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    def _repr_html_(self) -> str:
        name = str(self.path)
        try:
            return run_html(name, self.metrics, self.config.decisive_metric, self.evaluation.get("dev", {}))
        except RunError as error:
            return note_html(name, str(error))
        except (AttributeError, KeyError, TypeError, ValueError):  # JSON, but not as `train` writes it
            return note_html(name, f"{METRICS} or {EVALUATION} is damaged; train again")
