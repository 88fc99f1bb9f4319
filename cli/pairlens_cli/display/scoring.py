"""What scoring looks like: how many pairs are done as a live line, and what was passed over at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pairlens.jobs.score_job import BadLines, Listener
from pairlens_cli import output


class ScoringDisplay(Listener):
    """Shows a scoring on stderr.

    Args:
        hide: no live line; the scores themselves are the progress.
    """

    def __init__(self, hide: bool) -> None:
        self._hide = hide

    def goes_on(self, pairs: int) -> None:
        output.say(f"Goes on from pair {pairs:,}")

    @contextmanager
    def scoring(self, pairs: int) -> Iterator[Callable[[int], object]]:
        with output.progress("{task.completed:,} pairs scored", hide=self._hide) as live:
            if live is None:
                yield lambda _: None
                return
            bar = live.add_task("", total=None, completed=pairs)
            yield lambda done: live.update(bar, completed=done)

    def kept(self) -> None:
        output.warn("what has been scored so far is kept; the same command goes on from there")


def warn_of_bad_lines(bad: BadLines, done: int) -> None:
    """Tell how many of the pairs done score nan, and where the first faults are, in the lines or in the scores."""
    if not bad.faults:
        return
    output.warn(f"{bad.pairs:,} of {done:,} pairs have a bad line and score nan")
    for fault in bad.first:
        output.warn(fault)
    if more := bad.faults - len(bad.first):
        output.warn(f"and {more:,} faults more; --bad-lines FILE lists all")
