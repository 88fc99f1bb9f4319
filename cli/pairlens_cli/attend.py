"""pairlens attend: attention-score matrices, to a file or as heat maps in the terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pairlens.errors import UsageError
from pairlens_cli import options, output

if TYPE_CHECKING:
    from pairlens.config import Config
    from pairlens.scorer import PairAttention, Scorer

_CHUNK = 1024  # pairs whose matrices are in memory at once


def attend(
    run_directory: options.RunDirectory,
    query: Annotated[Path, typer.Argument(metavar="QUERY", help="The queries, one a line.", show_default=False)],
    value: Annotated[Path, typer.Argument(metavar="VALUE", help="The values, line by line.", show_default=False)],
    pairs: Annotated[
        str | None,
        typer.Option(
            "--pairs",
            metavar="LIST",
            help="Which pairs, counted from 0, such as 0,5-9; default: all (terminal: the first).",
        ),
    ] = None,
    output_file: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="maps.npz, maps.jsonl, maps.jsonl.gz, or maps.html to look at; default: the terminal.",
        ),
    ] = None,
    label: Annotated[
        Path | None,
        typer.Option("--label", metavar="FILE", help="The labels, line by line, to be shown in maps.html."),
    ] = None,
    force: options.Force = False,
) -> None:
    """Show which words of one text looked at which words of the other."""
    from pairlens.attention.dumps import dump_format, dump_metadata, write_dump
    from pairlens.files import refuse_existing
    from pairlens.runs import Run
    from pairlens.scorer import Scorer
    from pairlens_cli.attention_page import write_page

    if output_file:
        dump_format(output_file)
        refuse_existing(output_file, force)
    as_page = output_file is not None and dump_format(output_file) == ".html"
    if label and not as_page:
        raise UsageError("--label: labels are shown in a page alone; write one with --output maps.html")
    wanted = None if pairs is None else _parse_pairs(pairs)
    run = Run.open(run_directory)
    config = run.config()
    attentions = _attentions(Scorer(config, run.weights(config)), query, value, wanted)
    if output_file:
        if as_page:
            count = write_page(output_file, attentions, config, query, label, all_pairs=wanted is None)
        else:
            count = write_dump(output_file, attentions, dump_metadata(config))
        output.say(f"Wrote {output_file}: the attention of {count:,} pairs")
    else:
        _show(config, attentions, first_only=wanted is None)


def _parse_pairs(text: str) -> list[range]:
    """`0,5-9` as ranges. Raises UsageError if it is not of this form."""
    ranges = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*([0-9]{1,18})(?:-([0-9]{1,18}))?\s*", part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if last < first:
            raise UsageError(f"--pairs {text}: must be numbers and ranges, counted from 0, such as 0,5-9")
        ranges.append(range(first, last + 1))
    return ranges


def _attentions(
    scorer: Scorer, query: Path, value: Path, wanted: list[range] | None
) -> Iterator[tuple[int, PairAttention, float]]:
    """(number, attention, score) of the wanted pairs, in file order; reads no further than the last of them."""
    import numpy as np

    from pairlens.pairs import iter_pairs
    from pairlens.splits import text_rules

    first = 0
    for chunk in iter_pairs(query, value, text_rules(scorer.config), _CHUNK):
        numbers = range(first, first + len(chunk))
        chosen = [n for n in numbers if wanted is None or any(n in some for some in wanted)]
        part = chunk.take(np.array(chosen, np.int64) - first)
        scores = scorer.score(part.query, part.value)
        if scores.ndim > 1:  # of a multiclass model, the probability of the class it chooses
            scores = scores.max(axis=1)
        yield from zip(chosen, scorer.attend(part.query, part.value), scores.tolist(), strict=True)
        first += len(chunk)
        if wanted is not None and all(first >= numbers.stop for numbers in wanted):
            return
    if wanted is not None:
        missing = next(numbers for numbers in wanted if numbers.stop > first)
        raise UsageError(f"--pairs: there is no pair {max(missing.start, first)}; {query} has {first}, from 0")


def _show(config: Config, attentions: Iterator[tuple[int, PairAttention, float]], first_only: bool) -> None:
    """Print heat maps to stdout."""
    from rich.console import Console

    from pairlens.attention.terminal import heat_map
    from pairlens.attention.words import words_of
    from pairlens.pairs import read_vocabulary

    vocabulary = read_vocabulary(config.data.vocab) if config.data.vocab else None
    with output.results(None) as file:
        stdout = Console(file=file, highlight=False)
        colour = stdout.color_system is not None and not stdout.no_color
        for number, attention, score in attentions:
            query, value = words_of(attention.query, vocabulary), words_of(attention.value, vocabulary)
            with stdout.capture() as text:  # a rich console that prints ends the process when its reader leaves
                stdout.print(f"pair {number}  score {score:.4f}")
                stdout.print(heat_map(attention, query, value, stdout.width, colour))
            file.write(text.get())
            if first_only:
                break
    if first_only:
        output.say("The first pair; --pairs 1,5-9 shows others, --output FILE writes all.")
