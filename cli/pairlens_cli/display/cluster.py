"""What is shown of tasks on a cluster: a live line on a terminal, now and then a plain one elsewhere, and a summary."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

from pairlens.jobs.cluster.run import Listener
from pairlens.jobs.cluster.scheduler import Progress
from pairlens_cli import output

if TYPE_CHECKING:
    from rich.progress import Progress as Live

_EVERY = 30.0  # seconds between two plain lines
_SHARE = 0.1  # of the tasks, after which a plain line is written before that
_MINUTE, _HOUR = 60, 3600


def say_starting(cluster: str) -> None:
    """Say what takes a while before the first task; processes of this machine start at once."""
    if cluster != "local":
        output.hint("Starting Ray" if cluster == "ray" else f"Joining the Ray cluster {cluster}")


class ClusterDisplay(Listener):
    """Shows tasks on a cluster on stderr."""

    @contextmanager
    def starting(self, cluster: str) -> Iterator[None]:
        say_starting(cluster)
        yield

    @contextmanager
    def running(self, progress: Progress, noun: str) -> Iterator[Callable[[Progress], object]]:
        shown = _Shown(progress, noun)
        try:
            with output.progress("{task.description}", "bar", "{task.fields[facts]}") as live:
                yield shown.in_plain_lines if live is None else shown.in_live_line(live)
        finally:
            if shown.last.done == shown.last.tasks:
                output.say(shown.summary())
            elif shown.last.done:
                output.say(f"Finished {shown.done()}")


class _Shown:
    """The progress that was shown last, and what can be said of it."""

    def __init__(self, progress: Progress, noun: str) -> None:
        self.last, self._noun = progress, noun
        self._began = self._written = monotonic()
        self._done = 0  # tasks, when a plain line was written

    def in_live_line(self, live: Live) -> Callable[[Progress], object]:
        bar = live.add_task(self.done(), total=self.last.tasks, facts=self._facts())

        def update(progress: Progress) -> None:
            self.last = progress
            live.update(bar, completed=progress.done, description=self.done(), facts=self._facts())

        return update

    def in_plain_lines(self, progress: Progress) -> None:
        self.last = progress
        share = (progress.done - self._done) / progress.tasks
        if progress.done < progress.tasks and (share >= _SHARE or monotonic() - self._written >= _EVERY):
            output.say(f"{self.done()}  {self._facts()}")
            self._written, self._done = monotonic(), progress.done

    def done(self) -> str:
        return f"{self.last.done:,} of {_count(self.last.tasks, self._noun)}"

    def summary(self) -> str:
        seconds, last = self._seconds(), self.last
        retries = f"; {_count(last.retries, 'worker')} died" if last.retries else ""
        return (
            f"{_count(last.tasks, self._noun)}, {last.pairs:,} pairs in {seconds:.1f} s by "
            f"{_count(last.workers, 'worker')}: {self._speed()}{retries}"
        )

    def _facts(self) -> str:
        seconds, last = self._seconds(), self.last
        facts = [_count(last.workers, "worker")]
        if last.done:
            facts = [self._speed(), *facts, f"{_in_words(seconds / last.done * (last.tasks - last.done))} left"]
        if last.retries:
            facts.append(f"{_count(last.retries, 'worker')} died")
        return "  ".join(facts)

    def _speed(self) -> str:
        return f"{self.last.pairs / self._seconds():,.0f} pairs/s"

    def _seconds(self) -> float:
        return max(monotonic() - self._began, 0.001)  # a clock may stand still that long


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"


def _in_words(seconds: float) -> str:
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    return f"{seconds // _HOUR:.0f} h {seconds % _HOUR / _MINUTE:.0f} min"
