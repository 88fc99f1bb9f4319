"""pairlens rank: the best candidates for each query, of all of them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pairlens.errors import UsageError
from pairlens_cli import options, output, pair_input, shard_options, streams
from pairlens_cli.options import Location

if TYPE_CHECKING:
    from pairlens.jobs.input_files import InputFiles
    from pairlens.jobs.ranking.request import RankRequest


def rank(
    run_directory: options.RunDirectory,
    queries: Annotated[
        Location,
        typer.Argument(
            metavar="QUERIES",
            help="Queries, one per line: a file, a directory, a pattern, or - for stdin.",
            show_default=False,
        ),
    ],
    candidates: Annotated[
        Location,
        typer.Argument(
            metavar="CANDIDATES",
            help="Candidates, one per line, or - for stdin; the same file as QUERIES to find the texts that are near "
            "each other.",
            show_default=False,
        ),
    ],
    top: Annotated[
        int,
        typer.Option(
            "--top",
            metavar="N",
            min=1,
            help="How many candidates to write per query; with --labels, K of recall_at_K, too.",
        ),
    ] = 10,
    output_file: options.OutputFile = None,
    format_: Annotated[
        Literal["text", "tsv", "jsonl"],
        typer.Option(
            "--format",
            help="What a line has: query, place, candidate and score, where texts are numbers of lines (text); both "
            "texts, too (tsv); or a JSON object (jsonl).",
        ),
    ] = "text",
    words: Annotated[bool, typer.Option("--words", help="With tsv and jsonl: show words instead of ids.")] = False,
    vocab: options.Vocab = None,
    text: Annotated[
        bool,
        typer.Option(
            "--text",
            help="QUERIES and CANDIDATES are texts, for the run's tokenizer, not ids.",
            rich_help_panel=pair_input.PANEL,
        ),
    ] = False,
    exclude_same: Annotated[
        bool,
        typer.Option(
            "--exclude-same",
            help="Leave out the candidate in the query's own line, when a file is ranked against itself.",
        ),
    ] = False,
    symmetric: Annotated[
        bool, typer.Option("--symmetric", help="Average over both orders, so that score(a, b) = score(b, a).")
    ] = False,
    logits: Annotated[bool, typer.Option("--logits", help="Write logits instead of probabilities.")] = False,
    labels: Annotated[
        Location | None,
        typer.Option(
            "--labels",
            metavar="FILE",
            help="Measure the ranks of the right candidates: FILE has their numbers, in lines "
            "query<TAB>candidate[<TAB>grade]. Metrics go to stdout, as JSON, and the ranking only to --output.",
        ),
    ] = None,
    threads: options.Threads = None,
    force: options.Force = False,
    shard: shard_options.Shard = None,
) -> None:
    """Find the best candidates for each query, of all candidates, best first.

    Candidates with equal scores are in the order of their logits, and those with equal logits in that of the file.
    """
    from pairlens.jobs.ranking.one_side import one_side
    from pairlens.jobs.ranking.request import RankRequest
    from pairlens.jobs.score_request import ScoreRequest
    from pairlens.runs.outputs import refuse_outputs, run_files
    from pairlens.texts.regular import refuse_irregular
    from pairlens_cli.display.details import log_model, log_threads, warn_without_words

    _refuse_options(format_, words, vocab, text)
    if labels and not output_file:
        _refuse_idle({"--format": format_ != "text", "--logits": logits})
    queries, candidates = _stdin(queries, candidates, is_shared=shard is not None)
    options.refuse_idle_force(force, output_file)
    sharding = shard_options.sharding(shard, None, None, None, None, output_file, force)
    if sharding:
        shard_options.refuse_without_effect({"--labels": labels})
    score = ScoreRequest(run_directory, format_, words, vocab, symmetric, logits)
    request = RankRequest(score, one_side(candidates, text), top, exclude_same)
    files, config = one_side(queries, text), request.config
    if files.paths == request.candidates.paths:
        refuse_irregular(queries, "it is read as queries and as candidates; write it to a file")
    read = [*run_files(run_directory), *files.paths, *request.candidates.paths, vocab, config.data.vocab, labels]
    if not sharding:
        refuse_outputs({"--output": output_file}, read, force)
    if words:
        warn_without_words(score.run, score.vocabulary)
    log_model(run_directory, config)
    log_threads(threads)
    output.compile_kernels(config, ranking=True)
    if sharding:
        _write_shard(request, files, sharding, threads)
        return
    _rank(request, files, output_file, labels, threads, force)


def _refuse_options(format_: str, words: bool, vocab: Location | None, text: bool) -> None:
    """Raises UsageError if an option would have no effect."""
    if words and text:
        raise UsageError("--words shows words instead of ids, but with --text the lines are texts; leave --words out")
    if words and format_ == "text":
        raise UsageError("--words is for lines that show the texts; add --format tsv or --format jsonl")
    if vocab and not words:
        raise UsageError("--vocab is the vocabulary of --words; add --words")


def _refuse_idle(given: dict[str, bool]) -> None:
    """Raises UsageError if an option is given that is for a ranking which is not written."""
    for option, is_given in given.items():
        if is_given:
            raise UsageError(f"{option} is for the ranking, which --labels writes only to --output; add --output FILE")


def _stdin(queries: Location, candidates: Location, is_shared: bool) -> tuple[Location, Location]:
    """The paths, with that of stdin for one that is -. Raises UsageError if it cannot be read."""
    sides = queries, candidates
    count = [str(side) for side in sides].count("-")
    if count and is_shared:
        raise UsageError("--shard divides the work of several processes; give files, not -")
    if count == len(sides):
        raise UsageError("- is QUERIES or CANDIDATES, as stdin is read once; give a file for the other")
    if count and "stdin" in streams.closed:
        raise UsageError("- reads stdin, which is closed")
    first, second = (Path("/dev/stdin") if str(side) == "-" else side for side in sides)
    return first, second


def _write_shard(
    request: RankRequest, files: InputFiles, sharding: shard_options.Sharding, threads: int | None
) -> None:
    from pairlens.jobs.shards.rank_maker import RankMaker
    from pairlens.jobs.shards.shards import Shards
    from pairlens_cli.display.shards import write_shards

    suffix = {"text": "txt"}.get(request.score.format or "", request.score.format)
    maker = RankMaker(request, f".{suffix}{shard_options.compression(sharding.name)}", threads)
    write_shards(Shards(maker, files, sharding.directory), sharding, force=False)


def _rank(
    request: RankRequest,
    files: InputFiles,
    output_file: Location | None,
    labels: Location | None,
    threads: int | None,
    force: bool,
) -> None:
    """Write rankings, or with labels their metrics."""
    from pairlens.jobs.ranking.rank_job import RankJob
    from pairlens.runs.json_files import without_nan
    from pairlens_cli.display.retrieval import show
    from pairlens_cli.display.scoring import ScoringDisplay

    job = RankJob(request, files.source(request.score.run.tokenizer), threads, labels)
    shown = ScoringDisplay(hide=output_file is None and not labels and sys.stdout.isatty())
    if labels and not output_file:
        job.run(None, shown)
    else:
        with output.results(output_file, force) as file:
            job.run(file, shown)
    if labels:
        names = {"queries": files.names[0], "candidates": request.candidates.names[0], "labels": str(labels)}
        result = {"run": str(request.score.run_directory), **names, **job.measured()}
        show(result)
        with output.results(None) as file:
            file.write(json.dumps(without_nan(result), indent=2, ensure_ascii=False) + "\n")
