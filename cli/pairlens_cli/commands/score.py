"""pairlens score: one line per pair, in input order, in bounded memory."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from pairlens.errors import UsageError
from pairlens_cli import options, output, pair_input, prior_options, shard_options, table_options
from pairlens_cli.in_parts import score_in_parts
from pairlens_cli.options import Location

if TYPE_CHECKING:
    from pairlens.jobs.score_job import ScoreJob


def score(
    run_directory: options.RunDirectory,
    query: Annotated[
        Location | None,
        typer.Argument(
            metavar="QUERY",
            help="Queries, one per line; or - for lines query<TAB>value on stdin. For a file in parts: their "
            "directory, or a pattern in quotes, such as 'parts/*.query.txt.gz'.",
            show_default=False,
        ),
    ] = None,
    value: Annotated[
        Location | None,
        typer.Argument(metavar="VALUE", help="Values: line N belongs to query N.", show_default=False),
    ] = None,
    output_file: options.OutputFile = None,
    format_: Annotated[
        Literal["text", "tsv", "jsonl"] | None,
        typer.Option(
            "--format",
            help="What a line has: the score (text), the score and both texts (tsv), or a JSON object (jsonl). "
            "Default: text; with --input, the table's rows with a column for the score.",
            show_default=False,
        ),
    ] = None,
    words: Annotated[bool, typer.Option("--words", help="With tsv and jsonl: show words instead of ids.")] = False,
    vocab: options.Vocab = None,
    symmetric: Annotated[
        bool, typer.Option("--symmetric", help="Average over both orders, so that score(a, b) = score(b, a).")
    ] = False,
    logits: Annotated[
        bool,
        typer.Option(
            "--logits",
            help="Write logits instead of probabilities, which saturate in float32: from a logit of 17 on, all are 1.",
        ),
    ] = False,
    prior: prior_options.Share = None,
    train_prior: prior_options.InTrain = None,
    on_bad_line: Annotated[
        Literal["stop", "nan"],
        typer.Option("--on-bad-line", help="If a line is faulty: stop, or score its pair nan and continue."),
    ] = "stop",
    bad_lines: Annotated[
        Location | None,
        typer.Option(
            "--bad-lines", metavar="FILE", help="With nan: write every fault to FILE, one JSON object per line."
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="With --output: keep FILE.partial if interrupted, and continue from it next time."
        ),
    ] = False,
    profile: Annotated[
        bool, typer.Option("--profile", help="Report on stderr where the time went, and the peak memory.")
    ] = False,
    force: options.Force = False,
    threads: options.Threads = None,
    text: pair_input.Text = False,
    input_file: pair_input.Input = None,
    labels: Annotated[
        bool,
        typer.Option(
            "--labels",
            help="With --input: also add a column with the decision.",
            rich_help_panel="Texts instead of ids",
        ),
    ] = False,
    query_text: pair_input.QueryText = None,
    value_text: pair_input.ValueText = None,
    line_buffered: Annotated[
        bool,
        typer.Option("--line-buffered", help="Answer each line of stdin at once, as at a terminal."),
    ] = False,
    query_column: table_options.QueryColumn = None,
    value_column: table_options.ValueColumn = None,
    id_column: table_options.IdColumn = None,
    input_format: table_options.InputFormat = None,
    delimiter: table_options.Delimiter = None,
    header: table_options.Header = None,
    shard: shard_options.Shard = None,
    cluster: shard_options.Cluster = None,
    shards: shard_options.Count = None,
    workers: shard_options.Workers = None,
    retries: shard_options.Retries = None,
) -> None:
    """Score pairs: one line per pair, in input order.

    Probabilities are float32 and saturate: very certain pairs all score 1. --logits keeps their order.
    """
    from pairlens.jobs.score_job import ScoreJob, describe_source
    from pairlens.jobs.score_request import ScoreRequest
    from pairlens.runs.outputs import run_files
    from pairlens_cli.display.bad_lines import warn_of_bad_lines
    from pairlens_cli.display.details import log_model, log_threads, warn_without_words

    given = pair_input.PairInput(query, value, text, input_file, query_text, value_text)
    columns = {"query": query_column, "value": value_column, "id": id_column}
    table = table_options.input_options(input_file, columns, input_format, delimiter, header)
    given.refuse_contradictions()
    _refuse_options(given, format_, words, labels, id_column, line_buffered)
    _refuse_idle(on_bad_line, bad_lines, profile, vocab, words)
    if resume:
        given.refuse_resume(output_file, bad_lines)
    options.refuse_idle_force(force, output_file, bad_lines)
    sharding = shard_options.sharding(shard, cluster, shards, workers, retries, output_file, force)
    if sharding:
        shard_options.refuse_without_effect({"--bad-lines": bad_lines, "--resume": resume, "--profile": profile})
    files = given.files(table)
    shown = None if input_file and format_ is None else format_ or "text"
    named = sharding.name if sharding else output_file
    request = ScoreRequest(run_directory, shown, words, vocab, symmetric, logits, labels, named)
    config = request.config
    read = [*run_files(run_directory), *(files.paths if files else ()), vocab, config.data.vocab]
    _refuse_outputs(sharding.merged if sharding else output_file, bad_lines, read, resume, force)
    if words:
        warn_without_words(request.run, request.vocabulary)
    if correction := prior_options.correction(request.run, prior, train_prior):
        request = replace(request, prior=correction)
    log_model(run_directory, config)
    log_threads(threads)
    if sharding:
        score_in_parts(sharding, request, shard_options.files_of(files), on_bad_line == "nan", threads, force)
        return
    at_once = given.is_stdin and (line_buffered or sys.stdin.isatty())
    source = given.source(request.run, files, table, at_once)
    output.compile_kernels(config)
    writer = request.writer(source)
    job = ScoreJob(request.scorer(threads), source, writer, on_bad_line == "nan", at_once)
    identity = {**request.identity(), **describe_source(source)} if resume else None
    _run(job, output_file, bad_lines, identity, force)
    output.detail(f"{', '.join(dict.fromkeys(source.names))}: {job.done:,} pairs")
    warn_of_bad_lines(job.bad, job.done)
    if profile:
        for line in job.watch.lines(job.done):
            output.say(line)


def _refuse_options(
    given: pair_input.PairInput,
    format_: str | None,
    words: bool,
    labels: bool,
    id_column: str | None,
    line_buffered: bool,
) -> None:
    """Raises UsageError if an option would have no effect."""
    lines = format_ is not None or given.table is None
    if words and given.are_texts:
        raise UsageError("--words shows words instead of ids, but the pairs are texts; leave --words out")
    if words and format_ in (None, "text"):
        raise UsageError("--words is for lines that show the texts; add --format tsv or --format jsonl")
    if labels and lines:
        raise UsageError("--labels adds a column to the rows of --input; add --input FILE, and leave --format out")
    if id_column and format_ in (None, "text"):
        raise UsageError("--id-column is for formats that leave out the row; add --format tsv or --format jsonl")
    if line_buffered and not given.is_stdin:
        raise UsageError("--line-buffered is for stdin; give - for QUERY or --input")
    if line_buffered and given.table is not None:
        raise UsageError("--line-buffered is for lines, not for tables; give - for QUERY, with --text")


def _refuse_idle(
    on_bad_line: str, bad_lines: Location | None, profile: bool, vocab: Location | None, words: bool
) -> None:
    """Raises UsageError if an option lacks the option that it goes with."""
    if vocab and not words:
        raise UsageError("--vocab is the vocabulary of --words; add --words")
    if bad_lines and on_bad_line == "stop":
        raise UsageError("--bad-lines lists the pairs that score nan; add --on-bad-line nan")
    if profile and output.settings.quiet:
        raise UsageError("--profile reports on stderr, where --quiet allows only errors; give one of the two")


def _refuse_outputs(
    output_file: Location | None, bad_lines: Location | None, read: list[Location | None], resume: bool, force: bool
) -> None:
    from pairlens.jobs.partial_output import is_finished, side_files
    from pairlens.runs.outputs import refuse_outputs

    outputs = {"--output": output_file, "--bad-lines": bad_lines}
    if resume:
        first = output_file if isinstance(output_file, Path) else None
        refuse_outputs(outputs, read, force, side_files, lambda path: is_finished(path, first))
    else:
        refuse_outputs(outputs, read, force)


def _run(
    job: ScoreJob,
    output_file: Location | None,
    bad_lines: Location | None,
    identity: dict[str, Any] | None,
    force: bool,
) -> None:
    """Score into whole files, into files that a later command continues (with `identity`), or to stdout (no path)."""
    from pairlens_cli.display.scoring import ScoringDisplay

    shown = ScoringDisplay(hide=output_file is None and sys.stdout.isatty())
    paths = {"output": output_file} | ({"bad lines": bad_lines} if bad_lines else {})
    if identity is not None:
        job.resume({name: path for name, path in paths.items() if isinstance(path, Path)}, identity, shown, force)
        return
    with ExitStack() as stack:
        job.run({name: stack.enter_context(output.results(path, force)) for name, path in paths.items()}, shown)
