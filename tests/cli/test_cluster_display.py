"""What is shown of tasks on a cluster: few lines without a terminal, one live line on it, none with --quiet."""

from __future__ import annotations

import io
import sys

import pytest

from pairlens.jobs.cluster.scheduler import Progress
from pairlens_cli import output
from pairlens_cli.display import cluster
from pairlens_cli.display.cluster import ClusterDisplay


class Clock:
    """A clock that tests set."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(cluster, "monotonic", clock)
    return clock


def show(clock: Clock, tasks: int, seconds: float, retries: int = 0) -> None:
    """Tasks of 1000 pairs, each of which takes some seconds, by 2 workers."""
    with ClusterDisplay().running(Progress(0, tasks, 0, 2, 0), "shard") as report:
        for done in range(1, tasks + 1):
            clock.now += seconds
            report(Progress(done, tasks, 1000 * done, 2, retries))


def test_without_a_terminal_a_line_is_written_for_every_tenth(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    show(clock, tasks=100, seconds=0.5)
    lines = capsys.readouterr().err.splitlines()
    # 10 tasks took 5 s: 10,000 / 5 = 2,000 pairs/s, and the other 90 will take 45 s.
    assert lines[0] == "10 of 100 shards  2,000 pairs/s  2 workers  45 s left"
    assert [line.split()[0] for line in lines] == ["10", "20", "30", "40", "50", "60", "70", "80", "90", "100"]
    assert lines[-1] == "100 shards, 100,000 pairs in 50.0 s by 2 workers: 2,000 pairs/s"


def test_slow_tasks_are_told_of_every_30_seconds(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    show(clock, tasks=1000, seconds=20)
    lines = capsys.readouterr().err.splitlines()
    # 2 tasks in 40 s; the other 998 will take 19,960 s = 5 h 33 min.
    assert lines[0] == "2 of 1,000 shards  50 pairs/s  2 workers  5 h 33 min left"
    assert len(lines) == 500


def test_workers_that_died_are_counted(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    show(clock, tasks=2, seconds=1, retries=1)
    assert capsys.readouterr().err.splitlines() == [
        "1 of 2 shards  1,000 pairs/s  2 workers  1 s left  1 worker died",
        "2 shards, 2,000 pairs in 2.0 s by 2 workers: 1,000 pairs/s; 1 worker died",
    ]


def test_what_was_finished_before_an_interruption_is_told(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> None:
        with ClusterDisplay().running(Progress(0, 8, 0, 2, 0), "shard") as report:
            report(Progress(3, 8, 3000, 2, 0))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert capsys.readouterr().err.splitlines()[-1] == "Finished 3 of 8 shards"


def test_quiet_shows_nothing(clock: Clock, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(output.settings, "quiet", True)
    show(clock, tasks=10, seconds=40)
    assert capsys.readouterr() == ("", "")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_one_line_lives(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    show(clock, tasks=10, seconds=1)
    shown = sys.stderr.getvalue()  # type: ignore[attr-defined]
    assert "10 of 10 shards" in shown
    assert shown.endswith("10 shards, 10,000 pairs in 10.0 s by 2 workers: 1,000 pairs/s\n")
