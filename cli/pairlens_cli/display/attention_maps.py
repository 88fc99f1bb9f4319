"""Attention as heat maps in the terminal, and a progress display that counts pairs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from rich.console import Console

from pairlens.attention.stream import ScoredMaps
from pairlens.attention.terminal import best_look, heat_map
from pairlens.texts.words import UNKNOWN_MARK, printable
from pairlens_cli import output

if TYPE_CHECKING:
    from rich.progress import Progress


_MIN_WIDTH = 20  # columns that a heat map needs


def show(chunks: Iterable[ScoredMaps], vocabulary: Sequence[str] | None) -> int:
    """Print heat maps to stdout; return the number of pairs."""
    shown, unknown = 0, False
    with output.stdout() as file:
        stdout = Console(file=file, highlight=False)
        look = best_look(stdout)
        for number, attention, score in chain.from_iterable(chunks):
            words = attention.marked_words(vocabulary)
            query, value = ([printable(word, stdout.encoding) for word in side] for side in words)
            with stdout.capture() as text:  # rich ends the process on a closed pipe if it prints by itself
                stdout.print(f"pair {number}  score {score:.4f}")
                stdout.print(heat_map(attention, query, value, max(stdout.width, _MIN_WIDTH), look))
            file.write(text.get())
            shown += 1
            unknown = unknown or any(any(side.unknown) for side in attention.texts or ())
    if unknown:
        output.say(f"{UNKNOWN_MARK} marks words that are not in the vocabulary; the model cannot tell them apart")
    return shown


def counted(chunks: Iterable[ScoredMaps], live: Progress | None) -> Iterator[ScoredMaps]:
    """Yield the chunks, and count their pairs on a progress display."""
    bar = live.add_task("", total=None) if live else None
    for chunk in chunks:
        yield chunk
        if live and bar is not None:
            live.advance(bar, len(chunk))
