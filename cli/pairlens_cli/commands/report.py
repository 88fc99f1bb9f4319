"""pairlens report: write a page about runs on labelled pairs."""

from __future__ import annotations

from typing import Annotated

import typer

from pairlens.errors import UsageError
from pairlens_cli import completion, options, output, pair_input, table_options
from pairlens_cli.options import Location


def report(
    run_directories: Annotated[
        list[Location],
        typer.Argument(
            metavar="RUN...",
            help="Run directories; all others are compared with the first.",
            show_default=False,
            autocompletion=completion.run_directories,
        ),
    ],
    output_file: Annotated[
        Location,
        typer.Option("--output", "-o", metavar="FILE", help="Page to write, such as report.html.", show_default=False),
    ],
    split: options.Split = None,
    query: options.Query = None,
    value: options.Value = None,
    label: options.Label = None,
    group: options.Group = None,
    set_: options.SetOfRun = None,
    vocab: options.Vocab = None,
    errors: Annotated[
        int, typer.Option("--errors", metavar="N", min=0, help="Show the N pairs with the largest loss, for each run.")
    ] = 20,
    teacher: Annotated[
        Location | None,
        typer.Option(
            "--teacher",
            metavar="FILE",
            help="Compare with the model that the runs learned from: a file of its scores, as score writes them.",
        ),
    ] = None,
    force: options.Force = False,
    threads: options.Threads = None,
    text: pair_input.LabelledText = False,
    input_file: pair_input.LabelledInput = None,
    query_column: table_options.QueryColumn = None,
    value_column: table_options.ValueColumn = None,
    label_column: table_options.LabelColumn = None,
    group_column: table_options.GroupColumn = None,
    input_format: table_options.InputFormat = None,
    delimiter: table_options.Delimiter = None,
    header: table_options.Header = None,
) -> None:
    """Write one self-contained page about runs: metrics, curves, the worst pairs and their attention."""
    from pairlens.compression import COMPRESSED
    from pairlens.evaluation.evaluation import labelled_files, paths_of, refuse_other_words
    from pairlens.evaluation.report import report_runs
    from pairlens.pages.report import write_report
    from pairlens.runs.outputs import refuse_outputs, run_files
    from pairlens.runs.run import Run
    from pairlens_cli.display.details import log_model, log_threads, warn_without_words
    from pairlens_cli.display.teacher import show_teacher

    if output_file.name.endswith(COMPRESSED):
        raise UsageError(f"{output_file}: browsers do not open compressed pages; choose a name that ends in .html")
    columns = {"query": query_column, "value": value_column, "label": label_column, "group": group_column}
    table = table_options.input_options(input_file, columns, input_format, delimiter, header)
    files_given = {"query": query, "value": value, "label": label, "group": group}
    texts = pair_input.labelled_texts(split, files_given, text, input_file, table)
    changes = options.changes_of_run(set_)
    runs = [Run.open(path, changes) for path in run_directories]
    read = [vocab, teacher, *(run.config().data.vocab for run in runs)]
    chosen = [texts or labelled_files(run.config(), split, query, value, label, group) for run in runs]
    refuse_other_words(runs, [files for _, files in chosen])
    for run, (_, files) in zip(runs, chosen, strict=True):
        read += [*paths_of(files), *run_files(run.path)]
    refuse_outputs({"--output": output_file}, read, force)
    for run in runs:
        log_model(run.path, run.config())
        output.compile_kernels(run.config(), maps=True)
    log_threads(threads)
    with output.notice_after(1.5, "scoring the pairs, and resampling them for the intervals"):
        reports = report_runs(runs, chosen, errors, threads, vocab, teacher)
    for its_report in reports:
        if texts is None:
            warn_without_words(its_report.run, its_report.vocabulary)
        output.detail(
            f"{its_report.name} on {', '.join(its_report.what.values())}: {len(its_report.scored.pairs):,} pairs"
        )
    write_report(output_file, reports, force)
    show_teacher(reports)
    output.say(f"Wrote {output_file}")
