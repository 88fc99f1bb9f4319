"""pairlens score: one line per pair, in input order, in bounded memory."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pairlens.errors import UsageError
from pairlens_cli import options, output
from pairlens_cli.commands.score_job import ScoreJob
from pairlens_cli.commands.score_lines import Format, line_writer

if TYPE_CHECKING:
    from pairlens.runs.run import Run


class OnBadLine(StrEnum):
    """stop: exit with an error. nan: the pair's score is nan."""

    stop = "stop"
    nan = "nan"


def score(
    run_directory: options.RunDirectory,
    query: Annotated[
        Path,
        typer.Argument(
            metavar="QUERY", help="The queries; or - for lines query<TAB>value on stdin.", show_default=False
        ),
    ],
    value: Annotated[
        Path | None, typer.Argument(metavar="VALUE", help="The values, line by line.", show_default=False)
    ] = None,
    output_file: options.OutputFile = None,
    format_: Annotated[
        Format, typer.Option("--format", help="A line: the score; with both texts; or as JSON.")
    ] = Format.text,
    words: Annotated[
        bool, typer.Option("--words", help="With tsv and jsonl: words from the vocabulary, not ids.")
    ] = False,
    symmetric: Annotated[
        bool, typer.Option("--symmetric", help="The mean of both orders, so that score(a, b) = score(b, a).")
    ] = False,
    on_bad_line: Annotated[
        OnBadLine,
        typer.Option("--on-bad-line", help="At a line with a fault: stop, or write nan for its pair and go on."),
    ] = OnBadLine.stop,
    bad_lines: Annotated[
        Path | None,
        typer.Option("--bad-lines", metavar="FILE", help="With nan: write every fault to FILE, a JSON object a line."),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="With --output: keep FILE.partial if interrupted, and go on from it the next time."
        ),
    ] = False,
    profile: Annotated[
        bool, typer.Option("--profile", help="Tell on stderr where the time went, and the peak memory.")
    ] = False,
    force: options.Force = False,
    threads: options.Threads = None,
) -> None:
    """Score pairs: one line per pair, in input order, whatever their number."""
    from pairlens.runs.run import Run
    from pairlens.scoring.scorer import Scorer

    if words and format_ is Format.text:
        raise UsageError("--words is for lines that show the texts; add --format tsv or --format jsonl")
    if bad_lines and on_bad_line is OnBadLine.stop:
        raise UsageError("--bad-lines lists what is passed over; add --on-bad-line nan")
    _refuse_inputs(query, value, resume)
    _refuse_outputs(output_file, bad_lines, resume, force)
    run = Run.open(run_directory)
    config = run.config()
    if symmetric:
        config = config.model_copy(update={"model": config.model.model_copy(update={"symmetric": True})})
    vocabulary = _vocabulary(config.data.vocab) if words else None
    output.compile_kernels(config)
    scorer = Scorer(config, run.weights(config), threads)
    job = ScoreJob(scorer, query, value, line_writer(format_, vocabulary), on_bad_line is OnBadLine.nan)
    files = {"output": output_file} | ({"bad lines": bad_lines} if bad_lines else {})
    if resume:
        job.resume(files, _identity(run, query, value, format_, vocabulary, symmetric))
    else:
        job.run(files)
    job.warn_of_bad_lines()
    if profile:
        job.show_profile()


def _refuse_inputs(query: Path, value: Path | None, resume: bool) -> None:
    if str(query) == "-":
        if value is not None:
            raise UsageError("- reads both texts of a pair from stdin, separated by a tab; leave VALUE out")
        if resume:
            raise UsageError("--resume needs files to read: what stdin has given is gone")
    elif value is None:
        raise UsageError("VALUE is missing: give a file of queries and one of values, or - for stdin")


def _refuse_outputs(output_file: Path | None, bad_lines: Path | None, resume: bool, force: bool) -> None:
    from pairlens.files import refuse_existing
    from pairlens.jobs.partial_output import is_whole

    if resume and output_file is None:
        raise UsageError("--resume needs --output FILE: what stdout has printed is gone")
    if output_file and output_file == bad_lines:
        raise UsageError("--output and --bad-lines must be two files")
    for path in (output_file, bad_lines):
        if path:
            refuse_existing(path, force or (resume and output_file is not None and is_whole(output_file)))


def _vocabulary(path: Path | None) -> list[str]:
    from pairlens.texts.lines import read_vocabulary

    if path is None:
        raise UsageError("--words needs the vocabulary that data.vocab of the run's config names; it names none")
    return read_vocabulary(path)


def _identity(
    run: Run, query: Path, value: Path | None, format_: Format, vocabulary: list[str] | None, symmetric: bool
) -> dict[str, Any]:
    """What the output of two scorings shares if the one can go on where the other ended."""
    from importlib.metadata import version
    from zlib import crc32

    from pairlens.jobs.partial_output import describe_file

    assert value is not None
    return {
        "pairlens": version("pairlens"),
        "the run": run.checksum(),
        "the queries": describe_file(query),
        "the values": describe_file(value),
        "--format": format_.value,
        "--words": None if vocabulary is None else crc32("\n".join(vocabulary).encode()),
        "--symmetric": symmetric,
    }
