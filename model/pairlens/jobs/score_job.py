"""Scores pairs from a source to files, from the beginning or from where an earlier job was interrupted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import chain
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from pydantic import TypeAdapter, ValidationError

from pairlens.compression import end_member
from pairlens.errors import DataError, PairlensError, UsageError
from pairlens.jobs.bad_lines import BadLines
from pairlens.jobs.partial_output import Job, describe_file, resumable_files
from pairlens.jobs.read_so_far import ReadSoFar
from pairlens.jobs.score_lines import Writer
from pairlens.locations.location import Location
from pairlens.scoring.logits import OVERFLOW, Logits
from pairlens.scoring.padding import without_too_long
from pairlens.scoring.scorer import Scorer
from pairlens.stopwatch import Stopwatch
from pairlens.texts.pairs import Chunk, Position
from pairlens.texts.sources import IdFiles, PairSource, located
from pairlens.texts.splits import text_rules
from pairlens.texts.token_faults import BadLine


class Listener:
    """Callbacks of a running scoring. These methods do nothing; override the ones you need."""

    def continues(self, pairs: int) -> None:
        """An interrupted scoring is continued, after its first `pairs` pairs."""

    def scoring(self, pairs: int) -> AbstractContextManager[Callable[[int], object]]:  # noqa: ARG002
        """Return a context within which pairs are scored, after the first `pairs`; its value is called with the number
        done so far."""
        return nullcontext(lambda _: None)

    def interrupted(self) -> None:
        """The scoring failed or was interrupted; what was saved is kept and can be continued."""


class _Saved(NamedTuple):
    """What continuing needs: the position in the input, the bad lines, and (size, digest) of what was read."""

    position: Position
    bad: BadLines
    read: Sequence[tuple[int, str]] = ()


class ScoreJob:
    """Scores pairs to open files (`run`) or, resumably, to named ones (`resume`): `output`, optionally `bad lines`.

    Args:
        source: the pairs; for `resume`, it must be files.
        writer: formats the lines of a chunk.
        skip_bad: skip faulty lines; otherwise the first one raises DataError.
        at_once: score and write each pair as soon as it is read.

    Attributes:
        done: the number of the next pair: pairs scored so far, including those of the job that is continued, and
            those before the source.
        bad: the faults that were skipped among them.
        watch: where the time went.
    """

    def __init__(
        self,
        scorer: Scorer,
        source: PairSource,
        writer: Writer,
        skip_bad: bool = False,
        at_once: bool = False,
    ) -> None:
        self._scorer, self._source, self._writer = scorer, source, writer
        self._skip_bad, self._at_once = skip_bad, at_once
        self._start = source.start
        self.done = source.start.pairs
        self.bad = BadLines()
        self.watch = Stopwatch()

    def run(self, files: Mapping[str, IO[str]], listener: Listener) -> None:
        self._write(files, listener, None)

    def resume(
        self, paths: Mapping[str, Path], identity: Mapping[str, Any], listener: Listener, replace: bool = False
    ) -> None:
        """Score to files that can be continued if this process dies, and continue those of an earlier job.

        Args:
            identity: must be equal for a job to continue another.
            replace: whether existing files may be replaced.

        Raises:
            UsageError: the saved job is another one, its inputs have changed, or another process is working on it.
        """
        # How bad lines are treated may change between jobs until the first one was skipped.
        choice = {
            "--on-bad-line": "nan" if self._skip_bad else "stop",
            "--bad-lines": str(paths.get("bad lines")),
        }
        with resumable_files(paths, {**identity, **choice}, replace) as job:
            starts = zip(_local(self._source.files), self._start[1:], strict=False)
            read = [ReadSoFar(path, start) for path, start in starts]
            if job.state:
                saved = _saved(job)
                self._refuse_other_contents(job, read, saved)
                self._start, self.bad, self.done = saved.position, saved.bad, saved.position.pairs
                listener.continues(self.done)
            if job.whole:
                return

            def save(position: Position, ends: Sequence[int | None], whole: bool = False) -> None:
                contents = [so_far.up_to(end) for so_far, end in zip(read, ends, strict=False)]
                state = {"position": position, "bad": self.bad, "read": contents}
                job.save(state, {**identity, **(choice if self.bad.faults or whole else {})}, whole)

            try:
                self._write(job.files, listener, lambda position: save(position, position[1:]))
                stop = self._source.stop if isinstance(self._source, IdFiles) else None
                end = stop[1:] if stop else [None, None]  # of the files
                save(Position(self.done), end, whole=True)  # the position is not used again
            except BaseException:
                if job.state:
                    listener.interrupted()
                raise

    def _refuse_other_contents(self, job: Job, read: Sequence[ReadSoFar], saved: _Saved) -> None:
        """Raises UsageError unless the files still begin with what was scored."""
        for path, so_far, (size, digest) in zip(self._source.files, read, saved.read, strict=False):
            if so_far.up_to(size) != (size, digest):
                raise UsageError(f"{path}: has changed since it was scored; put it back. {job.how_to_restart}")

    def _write(self, files: Mapping[str, IO[str]], listener: Listener, save: Callable[[Position], None] | None) -> None:
        with listener.scoring(self.done) as report:
            chunks = self.watch.timed("reading", self._possible(self._chunks(find_ends=save is not None)))
            scored = chain.from_iterable(self._scorer.stream([c]) for c in chunks) if self._at_once else None
            if self._start == self._source.start and (head := self._writer.head()):
                files["output"].write(head)
                end_member(files["output"])
            for chunk, logits in self.watch.timed("scoring", scored or self._scorer.stream(chunks)):
                with self.watch.time("writing"):
                    bad = [*chunk.bad, *self._overflows(chunk, logits)]
                    files["output"].write(self._writer.lines(self.done, chunk, logits, _by_pair(bad)))
                    if "bad lines" in files:
                        files["bad lines"].write("".join(map(_as_json, bad)))
                    if self._at_once:
                        files["output"].flush()
                    else:
                        end_member(files["output"])
                self.done += len(chunk.pairs)
                self.bad = self.bad.plus(bad)
                if save and chunk.end:
                    save(chunk.end)
                report(self.done)

    def _overflows(self, chunk: Chunk, logits: Logits) -> list[BadLine]:
        """Return the pairs without a finite score whose lines have no fault.

        Raises:
            PairlensError: there is one, and faults are not skipped.
        """
        pairs = self.done + np.flatnonzero(~logits.finite())
        known = {bad.line - 1 for bad in chunk.bad}
        found = [located(self._source, pair, OVERFLOW) for pair in pairs.tolist() if pair not in known]
        if found and not self._skip_bad:
            raise PairlensError(f"{found[0]}; or skip such pairs with --on-bad-line nan")
        return found

    def _chunks(self, find_ends: bool) -> Iterator[Chunk]:
        rules, size = text_rules(self._scorer.config), 1 if self._at_once else self._scorer.chunk
        return self._source.chunks(rules, size, self._skip_bad, self._start, find_ends)

    def _possible(self, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
        """Yield the chunks; with `masking: none`, a text too long for its batch to be padded to is a fault."""
        config, first = self._scorer.config, self._start.pairs
        for chunk in chunks:
            yield chunk if config.model.masking == "exact" else self._without_too_long(chunk, first)
            first += len(chunk.pairs)

    def _without_too_long(self, chunk: Chunk, first: int) -> Chunk:
        """Return the chunk with texts that are too long for their batch cut to one token; `first` is its first pair."""
        batch = self._scorer.config.training.batch_size
        pairs, faults = without_too_long(
            chunk.pairs, batch, lambda i, message, side: located(self._source, first + i, message, side)
        )
        if faults and not self._skip_bad:
            raise DataError(str(faults[0]))
        return chunk._replace(pairs=pairs, bad=[*chunk.bad, *faults])


def describe_source(source: PairSource) -> dict[str, str]:
    """Describe the files of queries and of values, to recognize them later."""
    return {
        side: describe_file(path)
        for side, path in zip(("the queries", "the values"), _local(source.files), strict=True)
    }


def _saved(job: Job) -> _Saved:
    """Return what was saved. Raises UsageError if it is damaged."""
    try:
        saved = TypeAdapter(_Saved).validate_python(job.state)
    except ValidationError:
        raise UsageError(f"the saved progress is damaged. {job.how_to_restart}") from None
    if min(saved.position) < 0:
        raise UsageError(f"the saved progress is damaged: position {list(saved.position)}. {job.how_to_restart}")
    return saved


def _by_pair(bad: Sequence[BadLine]) -> dict[int, str]:
    """Map the numbers of faulty pairs, from 0, to messages."""
    faults: dict[int, list[str]] = {}
    for line in bad:
        faults.setdefault(line.line - 1, []).append(str(line))
    return {pair: "; ".join(messages) for pair, messages in faults.items()}


def _as_json(bad: BadLine) -> str:
    entry = {
        "pair": bad.line - 1,
        "file": bad.file,
        "line": bad.at or bad.line,
        "column": bad.column,
        "message": bad.message,
    }
    return json.dumps(entry) + "\n"


def _local(files: Sequence[Location]) -> list[Path]:
    """The paths of files that are on this machine, as those of a scoring that can be continued are."""
    return [path for path in files if isinstance(path, Path)]
