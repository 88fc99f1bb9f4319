"""What scoring looks like: how many pairs are done as a live line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pairlens.jobs.score_job import Listener
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
