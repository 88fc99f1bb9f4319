"""pairlens report: runs on labelled pairs as a page to look at."""

from __future__ import annotations

from dataclasses import astuple
from pathlib import Path
from typing import Annotated

import typer

from pairlens.errors import UsageError
from pairlens_cli import options, output


def report(
    run_directories: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN...", help="Run directories; the others are compared with the first.", show_default=False
        ),
    ],
    output_file: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="The page, such as report.html.", show_default=False)
    ],
    split: options.Split = None,
    query: options.Query = None,
    value: options.Value = None,
    label: options.Label = None,
    group: options.Group = None,
    set_: options.SetOfRun = None,
    vocab: options.Vocab = None,
    errors: Annotated[
        int, typer.Option("--errors", metavar="N", min=0, help="Show the N pairs that each run gets most wrong.")
    ] = 20,
    force: options.Force = False,
    threads: options.Threads = None,
) -> None:
    """Write a page about runs: metrics, curves, errors and their attention; one file that needs no network."""
    from pairlens.evaluation.evaluation import labelled_files
    from pairlens.evaluation.report import report_runs
    from pairlens.files import COMPRESSED
    from pairlens.pages.report import write_report
    from pairlens.runs.outputs import refuse_outputs, run_files
    from pairlens.runs.run import Run
    from pairlens_cli.display.details import tell_model, tell_threads, warn_without_words

    if output_file.name.endswith(COMPRESSED):
        raise UsageError(f"{output_file}: a page is not compressed, as no browser opens it so; choose another name")
    changes = options.changes_of_run(set_)
    runs = [Run.open(path, changes) for path in run_directories]
    read = [vocab, *(run.config().data.vocab for run in runs)]
    for run in runs:
        read += [*astuple(labelled_files(run.config(), split, query, value, label)[1]), *run_files(run.path)]
    refuse_outputs({"--output": output_file}, read, force)
    for run in runs:
        tell_model(run.path, run.config())
        output.compile_kernels(run.config(), maps=True)
    tell_threads(threads)
    with output.notice_after(1.5, "scoring the pairs, and resampling them for the intervals"):
        reports = report_runs(runs, split, query, value, label, group, errors, threads, vocab)
    for its_report in reports:
        warn_without_words(its_report.run, its_report.vocabulary)
        output.detail(
            f"{its_report.name} on {', '.join(its_report.what.values())}: {len(its_report.scored.pairs):,} pairs"
        )
    write_report(output_file, reports, force)
    output.say(f"Wrote {output_file}")
