"""pairlens attend: which words looked at which, as heat maps in the terminal, a file, pictures or a summary."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from pairlens.errors import UsageError
from pairlens_cli import options, output, pair_input, shard_options, table_options
from pairlens_cli.attention_kinds import Kind, kind_of, outputs, refuse_options
from pairlens_cli.in_parts import attend_in_parts
from pairlens_cli.options import Location

if TYPE_CHECKING:
    from pairlens.jobs.attend_job import AttendJob

_WHICH, _MAKE = "Which pairs (default: all; for the terminal and pictures, the first)", "What to write"
_LARGE_PAGE = 200  # megabytes


def attend(
    run_directory: options.RunDirectory,
    query: Annotated[
        Location | None, typer.Argument(metavar="QUERY", help="Queries, one per line.", show_default=False)
    ] = None,
    value: Annotated[
        Location | None,
        typer.Argument(metavar="VALUE", help="Values: line N belongs to query N.", show_default=False),
    ] = None,
    pairs: Annotated[
        str | None,
        typer.Option("--pairs", metavar="LIST", help="Pairs by number, from 0: 0,5-9.", rich_help_panel=_WHICH),
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", min=1, help="The first N pairs.", rich_help_panel=_WHICH)
    ] = None,
    sample: Annotated[
        int | None,
        typer.Option("--sample", metavar="N", min=1, help="N pairs, uniformly at random.", rich_help_panel=_WHICH),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option("--seed", min=0, help="Seed of --sample; default: 0.", rich_help_panel=_WHICH),
    ] = None,
    min_score: Annotated[
        float | None,
        typer.Option(
            "--min-score",
            metavar="S",
            help="Pairs that score at least S; for a multiclass model, the score of the predicted class.",
            rich_help_panel=_WHICH,
        ),
    ] = None,
    max_score: Annotated[
        float | None,
        typer.Option("--max-score", metavar="S", help="Pairs that score at most S.", rich_help_panel=_WHICH),
    ] = None,
    output_file: Annotated[
        Location | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="An interactive page: .html. Matrices: .npz, .h5, .jsonl[.gz] or .tsv[.gz]. Pictures: .png, .svg or "
            ".pdf; several pairs are written to maps-5.png and so on. With --summary: a page (.html) or JSON. "
            "Default: the terminal.",
            rich_help_panel=_MAKE,
        ),
    ] = None,
    label: Annotated[
        Location | None,
        typer.Option("--label", metavar="FILE", help="Labels to show in a page, one per line.", rich_help_panel=_MAKE),
    ] = None,
    dtype: Annotated[
        Literal["float32", "float16"],
        typer.Option("--dtype", help="Number type in a file of matrices.", rich_help_panel=_MAKE),
    ] = "float32",
    grid: Annotated[
        bool, typer.Option("--grid", help="All the pairs, at most 36, in one picture.", rich_help_panel=_MAKE)
    ] = False,
    summary: Annotated[
        bool,
        typer.Option(
            "--summary",
            help="Summarize how peaked the maps are, and on which words: tables on stderr, JSON on stdout.",
            rich_help_panel=_MAKE,
        ),
    ] = False,
    on_bad_line: options.OnBadLine = "stop",
    vocab: options.Vocab = None,
    force: options.Force = False,
    threads: options.Threads = None,
    text: pair_input.Text = False,
    input_file: pair_input.Input = None,
    query_text: pair_input.QueryText = None,
    value_text: pair_input.ValueText = None,
    query_column: table_options.QueryColumn = None,
    value_column: table_options.ValueColumn = None,
    input_format: table_options.InputFormat = None,
    delimiter: table_options.Delimiter = None,
    header: table_options.Header = None,
    shard: shard_options.Shard = None,
    cluster: shard_options.Cluster = None,
    shards: shard_options.Count = None,
    workers: shard_options.Workers = None,
    retries: shard_options.Retries = None,
) -> None:
    """Show which words of one text looked at which words of the other."""
    from pairlens.attention.selection import Selection
    from pairlens.jobs.attend_job import AttendJob
    from pairlens.runs.outputs import refuse_outputs, run_files
    from pairlens.runs.run import Run
    from pairlens_cli.display import attention_maps
    from pairlens_cli.display.bad_lines import warn_of_skipped_pairs
    from pairlens_cli.display.details import log_model, log_threads, warn_without_words

    if seed is not None and sample is None:
        raise UsageError("--seed is the seed of --sample; add --sample N")
    selection = Selection(pairs, min_score, max_score, limit, sample, seed or 0)
    sharding = shard_options.sharding(shard, cluster, shards, workers, retries, output_file, force)
    kind = kind_of(sharding.name if sharding else output_file, summary)
    first_only = selection.is_all and not grid and kind in (Kind.terminal, Kind.picture)
    if first_only:
        selection = Selection(limit=1)
    several = kind is Kind.picture and not grid and not selection.at_most_one
    refuse_options(kind, label, dtype, grid)
    options.refuse_idle_force(force, output_file)
    given = pair_input.PairInput(query, value, text, input_file, query_text, value_text)
    table = table_options.input_options(
        input_file, {"query": query_column, "value": value_column}, input_format, delimiter, header
    )
    given.refuse_contradictions()
    files = given.files(table)
    run = Run.open(run_directory)
    if sharding:
        attend_in_parts(run, sharding, files, dtype, selection, vocab, on_bad_line == "skip", threads, force)
        return
    source = given.source(run, files, table)
    job = AttendJob(run, source, selection, threads, on_bad_line == "skip", vocab)
    read = [*(files.paths if files else ()), label, vocab, job.config.data.vocab, *run_files(run_directory)]
    refuse_outputs({str(path): path for path in outputs(output_file, several)}, read, force)
    log_model(run_directory, job.config)
    output.detail(f"reads {', '.join(dict.fromkeys(source.names))}")
    warn_without_words(run, job.vocabulary)
    log_threads(threads)
    output.compile_kernels(job.config, maps=True)
    match kind:
        case Kind.terminal:
            _report_selected(attention_maps.show(job.chunks("pictures"), job.vocabulary))
        case Kind.summary:
            _summarize(job, output_file, force, run_directory)
        case _:
            _write(kind, job, cast(Location, output_file), force, grid, several, dtype, label)
    warn_of_skipped_pairs(job.bad)
    if first_only and query_text is None:
        output.say("This is the first pair; --pairs 1,5-9 shows others, --output maps.npz writes all.")


# ---- the kinds of output ---------------------------------------------------------------------------------------------


def _summarize(job: AttendJob, output_file: Location | None, force: bool, run_directory: Location) -> None:
    """Show tables on stderr; write a page or JSON to a file, or JSON to stdout unless stdout is a terminal."""
    from pairlens.pages.summary import write_summary_page
    from pairlens.runs.json_files import without_nan
    from pairlens.texts.words import printable
    from pairlens_cli.display import summary_tables
    from pairlens_cli.display.attention_maps import counted

    with output.progress("{task.completed:,} pairs summarized") as live:
        result = job.summary(counted(job.chunks("summary"), live))
    _report_selected(result["pairs"])
    summary_tables.show(result)
    if output_file and output_file.suffix == ".html":
        write_summary_page(output_file, result, f"Attention summary: {printable(str(run_directory))}", force)
        output.say(f"Wrote {output_file}: the summary of {result['pairs']:,} pairs")
    elif output_file or output.settings.quiet or not sys.stdout.isatty():
        with output.results(output_file, force) as file:
            file.write(json.dumps(without_nan(result), indent=2, ensure_ascii=False) + "\n")


def _write(
    kind: Kind,
    job: AttendJob,
    path: Location,
    force: bool,
    grid: bool,
    several: bool,
    dtype: Literal["float32", "float16"],
    label: Location | None,
) -> None:
    """Write a file of a kind that is never written to the terminal."""
    if kind is Kind.picture:
        _draw(job, path, force, grid, several)
    elif kind is Kind.matrices:
        _write_matrices(job, path, force, dtype)
    else:
        _write_page(job, path, force, label)


def _draw(job: AttendJob, path: Location, force: bool, grid: bool, several: bool) -> None:
    written = count = 0
    with output.progress("{task.completed:,} pictures") as live:
        bar = live.add_task("", total=None) if live else None
        for picture in job.write_pictures(job.chunks("pictures"), path, grid, several, force):
            path = picture.path
            if picture.missing:
                scripts = ", ".join(sorted(picture.missing))
                output.warn(f"{path}: no font is installed for {scripts}; their characters are drawn as boxes")
            written, count = written + 1, count + picture.pairs
            if live and bar is not None:
                live.advance(bar)
    _report_selected(count)
    if written:
        output.say(f"Wrote {path}" if written == 1 else f"Wrote {written:,} pictures, the last of them {path}")


def _write_matrices(job: AttendJob, path: Location, force: bool, dtype: Literal["float32", "float16"]) -> None:
    from pairlens_cli.display.attention_maps import counted

    with output.progress("{task.completed:,} pairs written") as live:
        count = job.write_matrices(counted(job.chunks("matrices"), live), path, dtype, force)
    _report_selected(count)
    output.say(f"Wrote {path}: the attention of {count:,} pairs")


def _write_page(job: AttendJob, path: Location, force: bool, label: Location | None) -> None:
    from pairlens_cli.display.attention_maps import counted

    with output.progress("{task.completed:,} pairs written") as live:
        count = job.write_page(counted(job.chunks("page"), live), path, label, force)
    _report_selected(count)
    megabytes = path.stat().st_size // 1_000_000
    if megabytes > _LARGE_PAGE:
        output.warn(f"{path}: {megabytes:,} MB, which browsers open slowly; choose fewer pairs")
    output.say(f"Wrote {path}: the attention of {count:,} pairs")


def _report_selected(count: int) -> None:
    output.detail(f"{count:,} pairs")
    if not count:
        output.warn("no pair was selected")
