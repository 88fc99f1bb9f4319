"""The outputs that can be made in shards: scores, predictions of labelled pairs, and matrices of attention."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal

from pairlens.errors import DataError
from pairlens.files import whole_file
from pairlens.jobs.input_files import InputFiles
from pairlens.jobs.prediction_lines import PredictionWriter
from pairlens.jobs.score_job import Listener, ScoreJob
from pairlens.jobs.score_lines import Writer
from pairlens.jobs.score_request import ScoreRequest
from pairlens.jobs.shards.manifest import describe_input
from pairlens.jobs.shards.shards import WritePart, Written
from pairlens.locations.location import Location
from pairlens.locations.remote import Remote
from pairlens.runs.run import Run
from pairlens.scoring.scorer import Scorer
from pairlens.scoring.windows import chunk_pairs
from pairlens.texts.line_index import index_lines
from pairlens.texts.lines import read_labels
from pairlens.texts.pairs import unequal
from pairlens.texts.sources import IdFiles, PairSource

if TYPE_CHECKING:
    from pairlens.attention.stream import ScoredMaps
    from pairlens.tokenizer.tokenizer import Tokenizer


@dataclass(frozen=True)
class ScoreMaker:
    """Makes what `score` writes.

    Attributes:
        suffix: see `Maker`.
        skip_bad: see `ScoreJob`.
        threads: see `Scorer`.
    """

    request: ScoreRequest
    files: InputFiles
    suffix: str
    skip_bad: bool = False
    threads: int | None = None

    @property
    def is_numbered(self) -> bool:
        return self.request.format == "jsonl"

    @property
    def run_directory(self) -> Location:
        return self.request.run_directory

    def with_run(self, path: Location) -> ScoreMaker:
        return replace(self, request=replace(self.request, run_directory=path))

    def with_threads(self, threads: int) -> ScoreMaker:
        return replace(self, threads=threads)

    def identity(self) -> dict[str, Any]:
        return {**self.request.identity(), "--on-bad-line": "nan" if self.skip_bad else "stop"}

    def unit(self) -> int:
        return chunk_pairs(self.request.config)

    def tokenizer(self) -> Tokenizer:
        return self.request.run.tokenizer()

    def refuse_count(self, files: InputFiles, pairs: int) -> None:
        """Any number of pairs will do."""

    def prepare(self) -> WritePart:
        pairs = self.files.first_table if self.files.kind == "tables" else self.files.source(self.tokenizer)
        writer = self.request.writer(pairs)
        return partial(_write_scores, self.request.scorer(self.threads), writer, self.skip_bad)


def _write_scores(
    scorer: Scorer,
    writer: Writer,
    skip_bad: bool,
    path: Location,
    source: PairSource,
    identity: dict[str, Any],
    listener: Listener,
) -> Written:
    job = ScoreJob(scorer, source, writer, skip_bad)
    if isinstance(path, Remote):
        with whole_file(path) as file:
            job.run({"output": file}, listener)
    else:
        job.resume({"output": path}, identity, listener, replace=True)
    return Written(job.done - source.start.pairs, job.bad.pairs, writer.head().count("\n"))


@dataclass(frozen=True)
class PredictionMaker:
    """Makes what `evaluate --predictions` writes: the label and the score of every pair.

    Attributes:
        label: the file of labels.
        changes: see `Run`.
        suffix, threads: as of `ScoreMaker`.
    """

    run_directory: Location
    label: Location
    suffix: str
    changes: tuple[str, ...] = ()
    threads: int | None = None
    is_numbered: bool = True

    @cached_property
    def _run(self) -> Run:
        return Run.open(self.run_directory, self.changes)

    def with_run(self, path: Location) -> PredictionMaker:
        return replace(self, run_directory=path)

    def with_threads(self, threads: int) -> PredictionMaker:
        return replace(self, threads=threads)

    def identity(self) -> dict[str, Any]:
        labels = {"the labels": describe_input(self.label), "--set": list(self.changes)}
        return {"pairlens": version("pairlens"), "the run": self._run.checksum(), **labels}

    def unit(self) -> int:
        return chunk_pairs(self._run.config())

    def tokenizer(self) -> Tokenizer:
        return self._run.tokenizer()

    def refuse_count(self, files: InputFiles, pairs: int) -> None:
        """Raises DataError if there are no pairs, or another number of labels."""
        if not pairs:
            raise DataError(f"{files.paths[0]}: the file has no lines; nothing to evaluate on")
        labels = index_lines(self.label, pairs + 1).lines
        if labels != pairs:
            raise unequal(files.paths[0], pairs, self.label, labels)

    def prepare(self) -> WritePart:
        config = self._run.config()
        return partial(self._write, Scorer(config, self._run.weights(config), self.threads))

    def _write(
        self, scorer: Scorer, path: Location, source: PairSource, identity: dict[str, Any], listener: Listener
    ) -> Written:
        task, classes = scorer.config.task, scorer.config.model.classes
        start, stop = source.start.pairs, source.stop.pairs if isinstance(source, IdFiles) and source.stop else None
        writer = PredictionWriter(read_labels(self.label, task, classes, start, stop), classes, start)
        return _write_scores(scorer, writer, False, path, source, identity, listener)


@dataclass(frozen=True)
class AttendMaker:
    """Makes what `attend` writes into a file of matrices.

    Attributes:
        min_score, max_score: see `Selection`.
        dtype: of the matrices.
        vocab: a vocabulary file, for a run that carries none.
        suffix, skip_bad, threads: as of `ScoreMaker`.
    """

    run_directory: Location
    suffix: str
    dtype: Literal["float32", "float16"] = "float32"
    min_score: float | None = None
    max_score: float | None = None
    vocab: Location | None = None
    skip_bad: bool = False
    threads: int | None = None
    is_numbered: bool = True

    @cached_property
    def _run(self) -> Run:
        return Run.open(self.run_directory)

    def with_run(self, path: Location) -> AttendMaker:
        return replace(self, run_directory=path)

    def with_threads(self, threads: int) -> AttendMaker:
        return replace(self, threads=threads)

    def identity(self) -> dict[str, Any]:
        return {
            "pairlens": version("pairlens"),
            "the run": self._run.checksum(),
            "--dtype": self.dtype,
            "--min-score": self.min_score,
            "--max-score": self.max_score,
            "--vocab": None if self.vocab is None else describe_input(self.vocab),
            "--on-bad-line": "skip" if self.skip_bad else "stop",
        }

    def unit(self) -> int:
        from pairlens.attention.stream import pairs_read

        return _ATTEND_CHUNKS * pairs_read(self._run.config())

    def tokenizer(self) -> Tokenizer:
        return self._run.tokenizer()

    def refuse_count(self, files: InputFiles, pairs: int) -> None:
        """Any number of pairs will do."""

    def prepare(self) -> WritePart:
        config = self._run.config()
        return partial(self._write, Scorer(config, self._run.weights(config), self.threads))

    def _write(
        self,
        scorer: Scorer,
        path: Location,
        source: PairSource,
        identity: dict[str, Any],  # noqa: ARG002
        listener: Listener,
    ) -> Written:
        from pairlens.attention.selection import Selection
        from pairlens.jobs.attend_job import AttendJob

        selection = Selection(min_score=self.min_score, max_score=self.max_score)
        job = AttendJob(self._run, source, selection, self.threads, self.skip_bad, self.vocab)
        with listener.scoring(source.start.pairs) as report:
            pairs = job.write_matrices(_counted(job.chunks("matrices", scorer), report), path, self.dtype)
        return Written(pairs, job.bad.pairs, _HEAD_LINES[self.suffix.split(".")[1]])


_ATTEND_CHUNKS = 8  # of attend's pairs, about as many pairs as a chunk of `score`
_HEAD_LINES = {"npz": 0, "jsonl": 1, "tsv": 2}


def _counted(chunks: Iterable[ScoredMaps], report: Callable[[int], object]) -> Iterator[ScoredMaps]:
    for chunk in chunks:
        yield chunk
        report(int(chunk.pair[-1]) + 1)
