"""pairlens score: one line per pair, in input order, in bounded memory."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pairlens.errors import UsageError
from pairlens_cli import options, output

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pairlens.pairs import Pairs, TextRules

    Floats = NDArray[np.float32]


class Format(StrEnum):
    """text: the score. tsv: query, value and score. jsonl: an object with pair (from 0), score, query and value."""

    text = "text"
    tsv = "tsv"
    jsonl = "jsonl"


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
    force: options.Force = False,
    threads: options.Threads = None,
) -> None:
    """Score pairs: one line per pair, in input order, whatever their number."""
    from pairlens.files import refuse_existing
    from pairlens.native import warm_up
    from pairlens.runs import Run
    from pairlens.scorer import Scorer
    from pairlens.splits import text_rules

    if words and format_ is Format.text:
        raise UsageError("--words is for lines that show the texts; add --format tsv or --format jsonl")
    if output_file:
        refuse_existing(output_file, force)
    run = Run.open(run_directory)
    config = run.config()
    if symmetric:
        config = config.model_copy(update={"model": config.model.model_copy(update={"symmetric": True})})
    line = _line_writer(format_, _vocabulary(config.data.vocab) if words else None)
    scorer = Scorer(config, run.weights(config), threads)
    with output.notice_after(1.5, "compiling the scoring kernels, once for this machine"):
        warm_up()
    done = 0
    hidden = output_file is None and sys.stdout.isatty()  # the scores themselves are the progress
    with output.results(output_file) as file, output.progress("{task.completed:,} pairs scored", hide=hidden) as live:
        bar = live.add_task("", total=None) if live else None
        for pairs, scores in scorer.stream(_pairs(query, value, text_rules(config), scorer.chunk)):
            file.write(line(done, pairs, scores))
            done += len(pairs)
            if live and bar is not None:
                live.update(bar, completed=done)


def _pairs(query: Path, value: Path | None, rules: TextRules, chunk: int) -> Iterator[Pairs]:
    from pairlens.pairs import iter_pairs, iter_tsv

    if str(query) != "-":
        if value is None:
            raise UsageError("VALUE is missing: give a file of queries and one of values, or - for stdin")
        return iter_pairs(query, value, rules, chunk)
    if value is not None:
        raise UsageError("- reads both texts of a pair from stdin, separated by a tab; leave VALUE out")
    return iter_tsv(sys.stdin.buffer, rules, chunk)


def _vocabulary(path: Path | None) -> list[str]:
    from pairlens.pairs import read_vocabulary

    if path is None:
        raise UsageError("--words needs the vocabulary that data.vocab of the run's config names; it names none")
    return read_vocabulary(path)


def _line_writer(format_: Format, vocabulary: list[str] | None) -> Callable[[int, Pairs, Floats], str]:
    """A function (number of the first pair, pairs, scores) -> lines. Scores have the digits that a float32 holds.

    Of a multiclass model a score is the probability of each class, separated by blanks, in JSON a list.
    """

    def numbers(scores: Floats) -> list[str]:
        columns = scores.reshape(len(scores), -1)
        line = " ".join(["%.7g"] * columns.shape[1]) + "\n"
        return (line * len(columns) % tuple(columns.ravel().tolist())).splitlines()

    def texts(pairs: Pairs) -> Iterator[tuple[list[int] | list[str], list[int] | list[str]]]:
        from pairlens.attention.words import words_of

        for query, value in zip(pairs.query, pairs.value, strict=True):
            if vocabulary is None:
                yield query.tolist(), value.tolist()
            else:
                yield words_of(query, vocabulary), words_of(value, vocabulary)

    def text(_: int, _pairs: Pairs, scores: Floats) -> str:
        return "".join(f"{score}\n" for score in numbers(scores))

    def tsv(_: int, pairs: Pairs, scores: Floats) -> str:
        rows = zip(texts(pairs), numbers(scores), strict=True)
        return "".join(f"{' '.join(map(str, q))}\t{' '.join(map(str, v))}\t{score}\n" for (q, v), score in rows)

    def jsonl(first: int, pairs: Pairs, scores: Floats) -> str:
        rows = enumerate(zip(texts(pairs), numbers(scores), strict=True), first)
        return "".join(
            json.dumps({"pair": i, "score": _json_score(score), "query": q, "value": v}, ensure_ascii=False) + "\n"
            for i, ((q, v), score) in rows
        )

    return {Format.text: text, Format.tsv: tsv, Format.jsonl: jsonl}[format_]


def _json_score(score: str) -> float | list[float]:
    probabilities = [float(number) for number in score.split()]
    return probabilities[0] if len(probabilities) == 1 else probabilities
