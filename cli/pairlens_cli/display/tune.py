"""What `tune` shows: one live line for the search, a permanent line for each trial, and what it has found."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pairlens.config.schema import Config
from pairlens.jobs.cluster.scheduler import Progress
from pairlens.jobs.training import Listener as TrainingListener
from pairlens.jobs.tune import run_search
from pairlens.jobs.tune.outcome import Outcome, shown_value
from pairlens.jobs.tune.record import Trial
from pairlens.jobs.tune.space import Space, short_names
from pairlens.training.events import Callback, Event, Step
from pairlens_cli import output
from pairlens_cli.display.cluster import say_starting
from pairlens_cli.display.tables import number, say_table

if TYPE_CHECKING:
    from rich.progress import Progress as Live
    from rich.progress import TaskID


class TuneDisplay(run_search.Listener):
    """Shows a search on stderr.

    Args:
        metric: by which trials are compared.
        space: what is searched.
        trials: how many the search has in the end.
        done: how many were done before.
    """

    def __init__(self, metric: str, space: Space, trials: int, done: int) -> None:
        self._metric, self._trials, self._done = metric, trials, done
        self._names = short_names(space)
        self._best: Trial | None = None
        self._live: Live | None = None
        self._bar: TaskID | None = None

    @contextmanager
    def searching(self) -> Iterator[TrainingListener]:
        with self._shown():
            yield _OneTrial(self)

    @contextmanager
    def starting(self, cluster: str) -> Iterator[None]:
        say_starting(cluster)
        yield

    @contextmanager
    def running(self, progress: Progress, noun: str) -> Iterator[Callable[[Progress], object]]:  # noqa: ARG002
        with self._shown():
            yield lambda now: self.update(f"{now.workers} at a time" + (f", {now.retries} died" if now.retries else ""))

    def trained(self, trial: Trial, best: Trial | None) -> None:
        self._done, self._best = self._done + 1, best
        output.say(self._line(trial), self._live)
        self.update()

    def update(self, what: str = "") -> None:
        """Refresh the live line, with what is being done."""
        if self._live and self._bar is not None:
            value = self._best.value if self._best else None
            best = "" if value is None else f"best {self._metric} {number(value)}"
            facts = "  ".join(part for part in (best, what) if part)
            description = f"{self._done} of {self._trials} trials"
            self._live.update(self._bar, completed=self._done, description=description, facts=facts)

    @contextmanager
    def _shown(self) -> Iterator[None]:
        with output.progress("{task.description}", "bar", "{task.fields[facts]}") as self._live:
            if self._live:
                self._bar = self._live.add_task("", total=self._trials, facts="")
            self.update()
            yield
        self._live = None

    def _line(self, trial: Trial) -> str:
        values = "  ".join(f"{self._names[key]} {shown_value(value)}" for key, value in trial.values.items())
        if trial.value is None:
            result = f"not possible: {trial.reason}" if trial.reason else f"given up after epoch {trial.epochs}"
            return f"trial {trial.number:>3}  {result}  {values}"
        best = "  best" if self._best and self._best.number == trial.number else ""
        return f"trial {trial.number:>3}  {self._metric} {number(trial.value)}{best}  {values}"


class _OneTrial(TrainingListener):
    """Shows the steps of trials in the search's live line."""

    def __init__(self, display: TuneDisplay) -> None:
        self._display = display

    @contextmanager
    def loading(self, library: str) -> Iterator[None]:
        if library == "TensorFlow":
            self._display.update("starting a trial" if "tensorflow" in sys.modules else "loading TensorFlow")
        with output.silent_libraries():
            yield

    @contextmanager
    def fitting(self, config: Config) -> Iterator[Callback]:  # noqa: ARG002
        def listen(event: Event) -> None:
            if isinstance(event, Step):
                self._display.update(f"epoch {event.epoch}/{event.epochs}  {event.pairs_per_second:,.0f} pairs/s")

        yield listen

    def warns(self, message: str) -> None:
        output.warn(message)


def show_outcome(outcome: Outcome) -> None:
    """Show what was searched, what was best, and which keys matter."""
    best = outcome.best
    if best is None or best.value is None:
        return
    headings, rows = ["key", "searched", "best"], []
    for key, domain, _ in outcome.search.space:
        rows.append([key, domain.in_words(), shown_value(best.values[key])])
        if outcome.importances:
            rows[-1].append(f"{outcome.importances.get(key, 0.0):.0%}")
    if outcome.importances:
        headings.append("importance")
    states: Counter[str] = Counter(trial.state for trial in outcome.trials)
    parts = [("finished", "finished"), ("pruned", "given up early"), ("refused", "not possible")]
    counts = ", ".join(f"{states[state]} {words}" for state, words in parts if states[state])
    caption = f"{_counted(len(outcome.trials), 'trial')}: {counts}"
    if outcome.importances:
        caption += "; importance by PED-ANOVA, for these trials only"
    say_table(headings, rows, caption=caption)
    own = outcome.own.value if outcome.own else None
    as_it_was = "" if own is None else f"; the config as it was: {number(own)}"
    output.say(f"Best: trial {best.number} with dev {outcome.metric} {number(best.value)}{as_it_was}")


def show_test(outcome: Outcome, result: Mapping[str, Any] | None) -> None:
    """Say what the best run is worth on pairs that the search has not seen."""
    assert outcome.best
    assert outcome.best.value is not None
    count, metric, dev = len(outcome.trials), outcome.metric, number(outcome.best.value)
    searched = f"Dev was searched {_counted(count, 'time')}, so its {metric} of {dev} is likely too good"
    if result is None:
        output.say(f"{searched}; without a test split nothing says by how much")
        return
    low, high = result["intervals"][metric]
    *before, _ = result["measured_after"]
    times = f"{_counted(len(before), 'time')} before, after {', '.join(map(str, before))} trials"
    seen = f"measured test {times}" if before else "did not measure test before"
    interval = f"95 % interval {number(low)} to {number(high)}, {result['pairs']:,} pairs"
    output.say(f"Test {metric} {number(result['metrics'][metric])} ({interval})")
    output.say(f"{searched}; this search {seen}")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
