"""What `score` shows: a live line with the number of pairs done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pairlens.jobs.score_job import Listener
from pairlens_cli import output


class ScoringDisplay(Listener):
    """Shows a scoring on stderr.

    Args:
        hide: show no live line, as the scores themselves appear in the terminal.
    """

    def __init__(self, hide: bool) -> None:
        self._hide = hide

    def continues(self, pairs: int) -> None:
        output.say(f"Continuing from pair {pairs:,}")

    @contextmanager
    def scoring(self, pairs: int) -> Iterator[Callable[[int], object]]:
        with output.progress("{task.completed:,} pairs scored", hide=self._hide) as live:
            if live is None:
                yield lambda _: None
                return
            bar = live.add_task("", total=None, completed=pairs)
            yield lambda done: live.update(bar, completed=done)

    def interrupted(self) -> None:
        output.warn("what was scored so far is kept; run the same command again to continue")
