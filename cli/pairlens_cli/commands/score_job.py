"""One scoring from its beginning, or from where it was interrupted, to its end: read, score, write, save."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from pairlens.stopwatch import Stopwatch
from pairlens_cli import output

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pairlens.scoring.scorer import Scorer
    from pairlens.texts.pairs import Pairs, Position
    from pairlens.texts.token_faults import BadLine

    LineWriter = Callable[[int, Pairs, NDArray[np.float32], Mapping[int, str]], str]

_SHOWN = 10  # faults that are told at the end


class ScoreJob:
    """Args:
    line: writes the lines of a chunk.
    pass_over: whether lines with faults are passed over.
    """

    def __init__(self, scorer: Scorer, query: Path, value: Path | None, line: LineWriter, pass_over: bool) -> None:
        from pairlens.texts.pairs import START

        self._scorer, self._query, self._value, self._line = scorer, query, value, line
        self._bad: list[BadLine] | None = [] if pass_over else None
        self._start = START
        self._done = 0
        self._bad_pairs = 0
        self._faults = 0
        self._first_faults: list[str] = []
        self._watch = Stopwatch()

    def run(self, paths: Mapping[str, Path | None]) -> None:
        """Score to files that appear when they are whole; the output without a path is stdout."""
        with ExitStack() as stack:
            self._write({name: stack.enter_context(output.results(path)) for name, path in paths.items()}, None)

    def resume(self, paths: Mapping[str, Path | None], identity: dict[str, Any]) -> None:
        """Score to files that keep what was written if this process dies, and go on from what another one has kept."""
        from pairlens.jobs.partial_output import resumable_files
        from pairlens.texts.pairs import Position

        # Once a line was passed over, what comes after it must be treated like it; until then it makes no difference.
        choice = {"--on-bad-line": "stop" if self._bad is None else "nan", "--bad-lines": str(paths.get("bad lines"))}
        files = {name: path for name, path in paths.items() if path is not None}
        with resumable_files(files, identity | choice) as job:
            if job.state:
                self._start = Position(*job.state["position"])
                self._done = self._start.pairs
                self._bad_pairs, self._faults, self._first_faults = job.state["bad"]
                output.say(f"Goes on from pair {self._start.pairs:,}")
            if job.whole:
                return

            def save(position: Position) -> None:
                state = {"position": position, "bad": [self._bad_pairs, self._faults, self._first_faults]}
                job.save(state, identity | (choice if self._faults else {}))

            try:
                self._write(job.files, save)
                save(Position(self._done))
            except BaseException:
                if job.state:
                    output.warn("what has been scored so far is kept; the same command goes on from there")
                raise

    def _write(self, files: Mapping[str, IO[str]], save: Callable[[Position], None] | None) -> None:
        ends: list[Position | None] | None = [] if save else None  # of the chunks that were read and not yet written
        hidden = files["output"] is sys.stdout and sys.stdout.isatty()  # the scores themselves are the progress
        with output.progress("{task.completed:,} pairs scored", hide=hidden) as live:
            bar = live.add_task("", total=None, completed=self._done) if live else None
            chunks = self._watch.timed("reading", self._pairs(ends))
            for pairs, scores in self._watch.timed("scoring", self._scorer.stream(chunks)):
                bad = self._take_bad(self._done + len(pairs))
                with self._watch.time("writing"):
                    files["output"].write(self._line(self._done, pairs, scores, _by_pair(bad)))
                    if "bad lines" in files:
                        files["bad lines"].write("".join(map(_as_json, bad)))
                self._done += len(pairs)
                if save and ends and (end := ends.pop(0)):
                    save(end)
                if live and bar is not None:
                    live.update(bar, completed=self._done)

    def _pairs(self, ends: list[Position | None] | None) -> Iterator[Pairs]:
        from pairlens.texts.pairs import iter_pairs, iter_tsv
        from pairlens.texts.splits import text_rules

        rules, chunk = text_rules(self._scorer.config), self._scorer.chunk
        if self._value is None:
            return iter_tsv(sys.stdin.buffer, rules, chunk, bad=self._bad)
        return iter_pairs(self._query, self._value, rules, chunk, self._bad, self._start, ends)

    def _take_bad(self, last: int) -> list[BadLine]:
        """The faults of the lines up to `last`, no longer held: the reader is a chunk ahead and has more."""
        if not self._bad:
            return []
        taken = sorted((bad for bad in self._bad if bad.line <= last), key=lambda bad: bad.line)
        self._bad[:] = [bad for bad in self._bad if bad.line > last]
        self._bad_pairs += len({bad.line for bad in taken})
        self._faults += len(taken)
        self._first_faults += map(str, taken[: _SHOWN - len(self._first_faults)])
        return taken

    def show_profile(self) -> None:
        """Tell where the time went; what is read and written while another thread scores is not scoring's."""
        for line in self._watch.lines(self._done):
            output.say(line)

    def warn_of_bad_lines(self) -> None:
        """Tell how many pairs score nan, and where the first faults are."""
        if not self._faults:
            return
        output.warn(f"{self._bad_pairs:,} of {self._done:,} pairs have a bad line and score nan")
        for fault in self._first_faults:
            output.warn(fault)
        if more := self._faults - len(self._first_faults):
            output.warn(f"and {more:,} faults more; --bad-lines FILE lists all")


def _by_pair(bad: list[BadLine]) -> dict[int, str]:
    """What is wrong with each pair, from 0."""
    faults: dict[int, list[str]] = {}
    for line in bad:
        faults.setdefault(line.line - 1, []).append(str(line))
    return {pair: "; ".join(messages) for pair, messages in faults.items()}


def _as_json(bad: BadLine) -> str:
    place = {"pair": bad.line - 1, "file": bad.file, "line": bad.line, "column": bad.column, "message": bad.message}
    return json.dumps(place) + "\n"
