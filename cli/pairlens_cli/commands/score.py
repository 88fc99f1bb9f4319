"""pairlens score: one line per pair, in input order, in bounded memory."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Literal

import typer

from pairlens.errors import UsageError
from pairlens_cli import options, output, streams

if TYPE_CHECKING:
    from pairlens.jobs.score_job import ScoreJob
    from pairlens.runs.run import Run


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
        Literal["text", "tsv", "jsonl"],
        typer.Option("--format", help="A line: the score; with both texts; or as JSON."),
    ] = "text",
    words: Annotated[
        bool, typer.Option("--words", help="With tsv and jsonl: words from the vocabulary, not ids.")
    ] = False,
    vocab: options.Vocab = None,
    symmetric: Annotated[
        bool, typer.Option("--symmetric", help="The mean of both orders, so that score(a, b) = score(b, a).")
    ] = False,
    logits: Annotated[
        bool,
        typer.Option(
            "--logits",
            help="The logits, not what the model's activation makes of them: probabilities in float32 saturate, and "
            "from a logit of 17 on all are 1.",
        ),
    ] = False,
    on_bad_line: Annotated[
        Literal["stop", "nan"],
        typer.Option("--on-bad-line", help="At a line with a fault: stop, or write nan for its pair and go on."),
    ] = "stop",
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
    """Score pairs: one line per pair, in input order, whatever their number.

    Probabilities are float32, which saturate: very sure ones are all 1, and lose their order. --logits keeps it.
    """
    from pairlens.jobs.score_job import ScoreJob, scoring_identity
    from pairlens.jobs.score_lines import LineWriter
    from pairlens.runs.outputs import run_files
    from pairlens.runs.run import Run
    from pairlens.scoring.scorer import Scorer
    from pairlens_cli.display.details import tell_model, tell_threads, warn_without_words
    from pairlens_cli.display.scoring import warn_of_bad_lines

    if vocab and not words:
        raise UsageError("--vocab has the words that --words shows; add --words")
    _refuse_options(format_, words, on_bad_line, bad_lines, profile)
    source = _source(query, value, resume)
    if resume and output_file is None:
        raise UsageError("--resume needs --output FILE: what stdout has printed is gone")
    options.refuse_idle_force(force, output_file, bad_lines)
    run = Run.open(run_directory)
    config = run.config()
    read = [*run_files(run_directory), *(source if isinstance(source, tuple) else ()), vocab, config.data.vocab]
    _refuse_outputs(output_file, bad_lines, read, resume, force)
    if symmetric:
        config = config.model_copy(update={"model": config.model.model_copy(update={"symmetric": True})})
    if logits and config.task == "regression":
        raise UsageError(f"--logits: {run_directory} was trained for regression, whose scores have no activation")
    vocabulary = _vocabulary(run, vocab) if words else None
    if words:
        warn_without_words(run, vocabulary)
    tell_model(run_directory, config)
    tell_threads(threads)
    output.compile_kernels(config)
    job = ScoreJob(
        Scorer(config, run.weights(config), threads),
        source,
        LineWriter(format_, vocabulary, "logits" if logits else "score"),
        on_bad_line == "nan",
        logits,
    )
    identity = None
    if resume and isinstance(source, tuple):
        identity = scoring_identity(run, *source, format_, vocabulary, symmetric, logits)
    _run(job, output_file, bad_lines, identity, force)
    output.detail(f"{query}{f', {value}' if value else ''}: {job.done:,} pairs")
    warn_of_bad_lines(job.bad, job.done)
    if profile:  # what is read and written while another thread scores is not scoring's
        for line in job.watch.lines(job.done):
            output.say(line)


def _refuse_options(format_: str, words: bool, on_bad_line: str, bad_lines: Path | None, profile: bool) -> None:
    """Raises UsageError where an option would be idle."""
    if words and format_ == "text":
        raise UsageError("--words is for lines that show the texts; add --format tsv or --format jsonl")
    if bad_lines and on_bad_line == "stop":
        raise UsageError("--bad-lines lists what is passed over; add --on-bad-line nan")
    if profile and output.settings.quiet:
        raise UsageError("--profile tells where the time went, --quiet says nothing but errors; give one of the two")


def _source(query: Path, value: Path | None, resume: bool) -> tuple[Path, Path] | BinaryIO:
    """What is read: two files, or lines of both texts on stdin."""
    if str(query) == "-":
        if value is not None:
            raise UsageError("- reads both texts of a pair from stdin, separated by a tab; leave VALUE out")
        if resume:
            raise UsageError("--resume needs files to read: what stdin has given is gone")
        if "stdin" in streams.closed:
            raise UsageError("- reads stdin, which is closed")
        return sys.stdin.buffer
    if value is None:
        raise UsageError("VALUE is missing: give a file of queries and one of values, or - for stdin")
    return query, value


def _refuse_outputs(
    output_file: Path | None, bad_lines: Path | None, read: list[Path | None], resume: bool, force: bool
) -> None:
    from pairlens.jobs.partial_output import is_finished, side_files
    from pairlens.runs.outputs import refuse_outputs

    outputs = {"--output": output_file, "--bad-lines": bad_lines}
    if resume:
        refuse_outputs(outputs, read, force, side_files, lambda path: is_finished(path, output_file))
    else:
        refuse_outputs(outputs, read, force)


def _vocabulary(run: Run, given: Path | None) -> list[str] | None:
    """The run's words; None where they are lost. Raises UsageError where there never were any."""
    vocabulary = run.vocabulary(given)
    if vocabulary is None and not run.why_no_words():
        raise UsageError("--words needs a vocabulary, and the run was trained without data.vocab; add --vocab FILE")
    return vocabulary


def _run(
    job: ScoreJob, output_file: Path | None, bad_lines: Path | None, identity: dict[str, Any] | None, force: bool
) -> None:
    """To files that are whole or, with an identity, that a later command goes on with; without a path, to stdout."""
    from pairlens_cli.display.scoring import ScoringDisplay

    shown = ScoringDisplay(hide=output_file is None and sys.stdout.isatty())
    paths = {"output": output_file} | ({"bad lines": bad_lines} if bad_lines else {})
    if identity is not None:
        job.resume({name: path for name, path in paths.items() if path}, identity, shown, force)
        return
    with ExitStack() as stack:
        job.run({name: stack.enter_context(output.results(path, force)) for name, path in paths.items()}, shown)
