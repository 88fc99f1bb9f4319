"""pairlens average: the mean of several files of scores."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from pairlens_cli import options, output
from pairlens_cli.options import Location


def average(
    scores: Annotated[
        list[Location],
        typer.Argument(
            metavar="SCORES...", help="Files of scores of the same pairs, as score writes them.", show_default=False
        ),
    ],
    output_file: options.OutputFile = None,
    force: options.Force = False,
) -> None:
    """Average the scores that several models gave to the same pairs, line by line.

    Line N of the output is the mean of line N of every file; for several classes, the mean of each class's probability.
    """
    from pairlens.jobs.average_job import average as write_average
    from pairlens.runs.outputs import refuse_outputs

    options.refuse_idle_force(force, output_file)
    refuse_outputs({"--output": output_file}, scores, force)
    with (
        output.progress("{task.completed:,} lines", hide=output_file is None and sys.stdout.isatty()) as live,
        output.results(output_file, force) as file,
    ):
        bar = live.add_task("", total=None) if live else None

        def report(done: int) -> None:
            if live and bar is not None:
                live.update(bar, completed=done)

        write_average(scores, file, report)
