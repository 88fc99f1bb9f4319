"""What `mine` shows: a bar with the number of texts whose nearest ones were found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pairlens.jobs.mine_job import Listener
from pairlens_cli import output


class MiningDisplay(Listener):
    """Shows a mining on stderr."""

    @contextmanager
    def searching(self, texts: int) -> Iterator[Callable[[int], object]]:
        with output.progress("searching near texts", "bar", "{task.completed:,} of {task.total:,} texts") as live:
            if live is None:
                yield lambda _: None
                return
            bar = live.add_task("", total=texts)
            yield lambda done: live.update(bar, completed=done)
