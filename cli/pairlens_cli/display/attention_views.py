"""What pairlens attend makes of the maps of a stream of pairs: heat maps, pictures, files of matrices, a summary."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pairlens.errors import DataError, UsageError
from pairlens_cli import output
from pairlens_cli.display import summary_tables

if TYPE_CHECKING:
    from rich.progress import Progress

    from pairlens.attention.stream import ScoredMaps
    from pairlens.config.schema import Config
    from pairlens.pages.attention import Labelled
    from pairlens.scoring.maps import PairAttention

_LARGE_PAGE = 200  # megabytes
Vocabulary = list[str] | None


def show(chunks: Iterable[ScoredMaps], vocabulary: Vocabulary) -> None:
    """Heat maps on stdout."""
    from rich.console import Console

    from pairlens.attention.terminal import best_look, heat_map
    from pairlens.texts.words import words_of

    shown = 0
    with output.results(None) as file:
        stdout = Console(file=file, highlight=False)
        look = best_look(stdout)
        for number, attention, score in chain.from_iterable(chunks):
            query, value = (words_of(ids, vocabulary, stdout.encoding) for ids in (attention.query, attention.value))
            with stdout.capture() as text:  # a rich console that prints ends the process when its reader leaves
                stdout.print(f"pair {number}  score {score:.4f}")
                stdout.print(heat_map(attention, query, value, stdout.width, look))
            file.write(text.get())
            shown += 1
    _warn_if_none(shown)


def draw(chunks: Iterable[ScoredMaps], vocabulary: Vocabulary, path: Path, grid: bool, several: bool) -> None:
    """A picture of the only pair, of all pairs, or of each of several."""
    from pairlens.attention.pictures import LARGEST_GRID, PairMap, numbered, write_picture

    maps = (PairMap(*scored) for scored in chain.from_iterable(chunks))
    written, warned = 0, set[str]()
    with output.progress("{task.completed:,} pictures") as live:
        bar = live.add_task("", total=None) if live else None
        while part := list(islice(maps, LARGEST_GRID + 1 if grid else 1)):
            if len(part) > LARGEST_GRID:
                raise UsageError(f"--grid holds at most {LARGEST_GRID} pairs; choose with --pairs, --limit or --sample")
            place = numbered(path, part[0].pair) if several else path
            missing = write_picture(place, part, vocabulary)
            if missing - warned:
                scripts = ", ".join(sorted(missing - warned))
                output.warn(f"{place}: no font is installed for {scripts}; boxes stand for the characters")
            warned |= missing
            written += 1
            if live and bar is not None:
                live.advance(bar)
    _warn_if_none(written)
    if written:
        output.say(f"Wrote {place}" if written == 1 else f"Wrote {written:,} pictures, the last of them {place}")


def dump(
    chunks: Iterable[ScoredMaps],
    vocabulary: Vocabulary,
    path: Path,
    config: Config,
    weights: dict[str, Any],
    dtype: Literal["float32", "float16"],
) -> None:
    from pairlens.attention.dumps.dump import dump_metadata, write_dump
    from pairlens.config.weights import fingerprint

    metadata = dump_metadata(config, fingerprint(config, weights))
    with output.progress("{task.completed:,} pairs written") as live:
        count = write_dump(path, _counted(chunks, live), metadata, vocabulary, dtype)
    _warn_if_none(count)
    output.say(f"Wrote {path}: the attention of {count:,} pairs")


class Labels(NamedTuple):
    """Labels of the pairs of a file of queries; `of_all`: every pair is shown, so that both must have as many lines."""

    path: Path
    query: Path
    of_all: bool


def page(
    chunks: Iterable[ScoredMaps],
    vocabulary: Vocabulary,
    path: Path,
    config: Config,
    weights: dict[str, Any],
    labels: Labels | None,
) -> None:
    """A page of all pairs."""
    from pairlens.attention.dumps.dump import dump_metadata
    from pairlens.config.weights import fingerprint
    from pairlens.pages.attention import write_attention_page

    metadata = dump_metadata(config, fingerprint(config, weights))
    with output.progress("{task.completed:,} pairs written") as live:
        scored = chain.from_iterable(_counted(chunks, live))
        count = write_attention_page(path, _labelled(scored, config, labels), metadata, vocabulary)
    _warn_if_none(count)
    megabytes = path.stat().st_size // 1_000_000
    if megabytes > _LARGE_PAGE:
        output.warn(f"{path}: {megabytes:,} MB, which a browser takes long to open; choose fewer pairs")
    output.say(f"Wrote {path}: the attention of {count:,} pairs")


def _labelled(
    scored: Iterable[tuple[int, PairAttention, float]], config: Config, labels: Labels | None
) -> Iterator[Labelled]:
    """(number, attention, score, label if known) of each pair."""
    from pairlens.texts.lines import read_labels

    numbers = read_labels(labels.path, config.task, config.model.classes).tolist() if labels else []
    count = 0
    for number, attention, score in scored:
        count = number + 1
        if labels and count > len(numbers):
            raise DataError(
                f"{labels.path}: {len(numbers)} lines, but {labels.query} has more; line N of each belongs to pair N"
            )
        yield number, attention, score, numbers[number] if labels else None
    if labels and labels.of_all and count < len(numbers):
        raise DataError(
            f"{labels.path}: {len(numbers)} lines, but {labels.query}: {count} lines; line N of each belongs to pair N"
        )


def summarize(
    chunks: Iterable[ScoredMaps], config: Config, vocabulary: Vocabulary, output_file: Path | None, run: str
) -> None:
    """Tables on stderr; a page or JSON in a file, or JSON on stdout where that is not the same terminal."""
    from pairlens.attention.summary import summarize
    from pairlens.pages.summary import write_summary_page
    from pairlens.runs.run import without_nan
    from pairlens.texts.words import printable

    with output.progress("{task.completed:,} pairs looked at") as live:
        result = summarize(_counted(chunks, live), config, vocabulary)
    _warn_if_none(result["pairs"])
    summary_tables.show(result)
    if output_file and output_file.suffix == ".html":
        write_summary_page(output_file, result, f"Attention summary: {printable(run)}")
        output.say(f"Wrote {output_file}: the summary of {result['pairs']:,} pairs")
    elif output_file or not sys.stdout.isatty():
        with output.results(output_file) as file:
            file.write(json.dumps(without_nan(result), indent=2, ensure_ascii=False) + "\n")


def _counted(chunks: Iterable[ScoredMaps], live: Progress | None) -> Iterator[ScoredMaps]:
    """The chunks, their pairs counted on a progress display."""
    bar = live.add_task("", total=None) if live else None
    for chunk in chunks:
        yield chunk
        if live and bar is not None:
            live.advance(bar, len(chunk))


def _warn_if_none(pairs: int) -> None:
    if not pairs:
        output.warn("no pair was selected")
