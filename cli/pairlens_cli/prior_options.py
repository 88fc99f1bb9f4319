"""The options of `score` for data with another share of positives than train had."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pairlens.errors import UsageError
from pairlens_cli import output

if TYPE_CHECKING:
    from pairlens.jobs.prior import Prior
    from pairlens.runs.run import Run

Share = Annotated[
    float | None,
    typer.Option(
        "--prior",
        metavar="P",
        help="Correct the scores of a binary model for data of which a share P is positive, such as 0.05, if train had "
        "another share.",
    ),
]
InTrain = Annotated[
    float | None,
    typer.Option(
        "--train-prior",
        metavar="P",
        help="With --prior: the share of positives in train, for a run without a record of it (before version 0.6.0).",
    ),
]


def correction(run: Run, share: float | None, in_train: float | None) -> Prior | None:
    """Return the correction that is asked for, which is announced on stderr. Raises UsageError as `prior_of` does."""
    if share is None:
        if in_train is not None:
            raise UsageError("--train-prior goes with --prior, the share of positives in the data to score")
        return None
    from pairlens.jobs.prior import prior_of

    prior = prior_of(run, share, in_train)
    output.say(f"Scores are corrected for a share of positives of {share:.4g}; in train it was {prior.in_train:.4g}")
    return prior
