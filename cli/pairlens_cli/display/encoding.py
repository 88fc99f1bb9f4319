"""What `encode` shows: the columns found in the tables, progress, and statistics of what was written."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

from pairlens.jobs.encode_job import Encoded, Listener
from pairlens.jobs.encode_way import Given, Learning
from pairlens.jobs.encoded_files import SplitFigures
from pairlens.locations.location import Location
from pairlens.runs.names import CONFIG
from pairlens.tables.pairs import Pairs, TablePairs
from pairlens_cli import output
from pairlens_cli.display.tables import say_table

_MANY_UNKNOWN = 0.15  # share of the tokens; about 0.1 is usual for English words outside train


class EncodingDisplay(Listener):
    """Shows an encoding on stderr."""

    @contextmanager
    def reading(self, what: str) -> Iterator[Callable[[int], object]]:
        with output.progress("{task.completed:,} rows " + what, "{task.fields[speed]}") as live:
            if live is None:
                yield lambda _: None
                return
            bar, start, done = live.add_task("", total=None, speed=""), perf_counter(), 0

            def advance(rows: int) -> None:
                nonlocal done
                done += rows
                live.update(bar, completed=done, speed=f"{done / (perf_counter() - start):,.0f} rows/s")

            yield advance


def warn_of_lost_vectors(way: Learning | Given) -> None:
    """Warn if the vectors that the vocabulary had are in a file that is missing."""
    if isinstance(way, Given) and way.origin and way.lost_vectors:
        output.warn(
            f"{way.lost_vectors}: missing, so the words have no vectors here, and init cannot set them; put it back, "
            f"or copy output_dim and vectors of model.embedding from {way.origin / CONFIG}"
        )


def show_tables(splits: Mapping[str, Pairs], learns_from: str | None) -> None:
    """Say which columns were found by their names, and what the vocabulary is learned from."""
    pairs = next(iter(splits.values()))
    if isinstance(pairs, TablePairs) and pairs.found:
        output.say("Columns: " + ", ".join(f"{part} is {column!r}" for part, column in pairs.found.items()))
    for name, its_pairs in splits.items():
        if "label" not in its_pairs.sides:
            output.say(f"{name}: no labels found; give their column with --label-column")
    if learns_from:
        output.say(f"The vocabulary is learned from {learns_from}")


def show_encoded(directory: Location, encoded: Encoded, learned: bool) -> None:
    """Show statistics of what was written, and the next command; `learned`: the vocabulary was learned, not given."""
    say_table(
        ("split", "pairs", "left out", "tokens", "unknown", "length", "labels"),
        [_row(name, figures, encoded.classes) for name, figures in encoded.splits.items()],
        right=4,
        caption="length in tokens: median, 90th and 99th percentile, maximum",
    )
    vectors = encoded.vectors
    covered = f", of which {vectors.found.sum():,} have a vector of {vectors.dim} numbers" if vectors else ""
    output.say(f"Vocabulary: {len(encoded.tokenizer.vocabulary):,} tokens{covered}")
    for name, figures in encoded.splits.items():
        if figures.unknown > _MANY_UNKNOWN * figures.tokens:
            share = f"{figures.unknown / figures.tokens:.0%}"
            output.say(f"{name}: {share} of the tokens are unknown; try --min-count 1, or --tokenizer bpe or char")
    output.say(f"Wrote {directory}")
    _show_next(directory, encoded, learned)


def _show_next(directory: Location, encoded: Encoded, learned: bool) -> None:
    """Suggest the next command, if splits to train on were encoded; say so if a vocabulary was learned without them."""
    from pairlens.jobs.find_data import is_named

    labelled = [name for name, figures in encoded.splits.items() if figures.labels]
    if any(is_named(name, "train") for name in labelled):  # as init finds it
        name = (directory.resolve() if isinstance(directory, Path) else directory).name
        folder, config = (shlex.quote(word) for word in (str(directory), f"{name}.yaml"))
        output.say(f"Next: pairlens init {folder} --output {config} && pairlens train {config}")
    elif labelled and learned:
        output.say("There is no train split; add --split 80,10,10, or name the files: train=FILE dev=FILE")


def _row(name: str, figures: SplitFigures, classes: object) -> list[str]:
    unknown = f"{figures.unknown / figures.tokens:.2%}" if figures.tokens else "none"
    lengths = " ".join(map(str, figures.percentiles(0.5, 0.9, 0.99, 1.0)))
    return [
        name,
        f"{figures.pairs:,}",
        f"{figures.dropped:,}",
        f"{figures.tokens:,}",
        unknown,
        lengths,
        _labels(figures, classes),
    ]


def _labels(figures: SplitFigures, classes: object) -> str:
    if figures.many_labels:
        return "more than 64 different"
    names = classes if isinstance(classes, (list, tuple)) else None
    shown = figures.labels.most_common(6)
    text = "  ".join(f"{names[int(label)] if names else label}: {count / figures.pairs:.0%}" for label, count in shown)
    return text + ("  …" if len(figures.labels) > len(shown) else "")
