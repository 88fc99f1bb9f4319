"""Corrects scores for data with another share of positives than train had.

Saerens, Latinne, Decaestecker 2002, "Adjusting the Outputs of a Classifier to New a Priori Probabilities: A Simple
Procedure", equation 4. With two classes it adds one number to every logit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from pairlens.config.schema import Config
from pairlens.errors import UsageError
from pairlens.jobs.score_lines import Writer
from pairlens.runs.json_files import Json
from pairlens.runs.run import Run
from pairlens.scoring.logits import Logits
from pairlens.texts.pairs import Chunk, Pairs
from pairlens.training.pair_weights import pair_weights

_RECORD = "share_of_positives"


class Prior(NamedTuple):
    """The share of positives in the data to score, and in train, each above 0 and below 1."""

    share: float
    in_train: float

    def corrected(self, logits: Logits) -> Logits:
        """The logits [B] of a binary model, corrected. Computed in float64, so that no scores near 0 or 1 become equal.

        For a symmetric model, the mean of both orders is corrected.
        """
        shift = _logit(self.share) - _logit(self.in_train)
        with np.errstate(invalid="ignore", over="ignore"):  # `finite` reports it
            shifted = (logits.merged().astype(np.float64) + shift).astype(np.float32)
        return Logits(logits.task, (shifted,))


class CorrectingWriter:
    """Writes corrected scores; see `Writer`."""

    def __init__(self, writer: Writer, prior: Prior) -> None:
        self._writer, self._prior = writer, prior

    def head(self) -> str:
        return self._writer.head()

    def lines(self, first: int, chunk: Chunk, logits: Logits, faults: Mapping[int, str]) -> str:
        return self._writer.lines(first, chunk, self._prior.corrected(logits), faults)


def share_of_positives(config: Config, train: Pairs) -> Json:
    """What the environment of a binary run records: the share of label 1 in train, by weights as trained."""
    if config.task != "binary":
        return {}
    assert train.label is not None
    return {_RECORD: float(np.average(train.label.astype(np.float64), weights=pair_weights(config, train)))}


def prior_of(run: Run, share: float, in_train: float | None = None) -> Prior:
    """The correction to a share of positives; `in_train` is that of train, for a run that does not record it.

    Raises:
        UsageError: the task is not binary, a share is not above 0 and below 1, or that of train is known twice or not.
    """
    task = run.config().task
    if task != "binary":
        raise UsageError(f"--prior is for task binary; {run.path} was trained for {task}")
    for name, value in (("--prior", share), ("--train-prior", in_train)):
        if value is not None and not 0.0 < value < 1.0:
            raise UsageError(f"{name} {value}: must be above 0 and below 1, such as 0.05")
    recorded = run.environment().get(_RECORD)
    if isinstance(recorded, float) and 0.0 < recorded < 1.0:
        if in_train is not None:
            raise UsageError(f"--train-prior: {run.path} records {recorded:.4g}; leave --train-prior out")
        return Prior(share, recorded)
    if in_train is None:
        raise UsageError(f"--prior: {run.path} has no record of the share of positives in train; add --train-prior")
    return Prior(share, in_train)


def _logit(share: float) -> float:
    return math.log(share) - math.log1p(-share)
