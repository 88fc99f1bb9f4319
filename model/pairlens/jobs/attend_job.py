"""The attention of pairs, made into a file of matrices, a page, pictures or a summary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pairlens.attention.dumps.dump import dump_metadata, write_dump
from pairlens.attention.pictures import LARGEST_GRID, PairMap, numbered, write_picture
from pairlens.attention.selection import Selection
from pairlens.attention.stream import ScoredMaps, attend_pairs
from pairlens.attention.summary import summarize
from pairlens.config.weights import fingerprint
from pairlens.errors import DataError, UsageError
from pairlens.jobs.bad_lines import BadLines
from pairlens.pages.attention import Labelled, write_attention_page
from pairlens.runs.run import Run
from pairlens.scoring.scorer import Scorer
from pairlens.texts.lines import read_labels
from pairlens.texts.sources import PairSource
from pairlens.texts.token_faults import BadLine

Made = Literal["matrices", "pictures", "page", "summary"]

# What is made of a map takes so many bytes beside it, for each of its numbers, at most (tests/jobs/test_attend_job.py).
CELL_BYTES: dict[Made, int] = {"matrices": 12, "pictures": 20, "page": 72, "summary": 136}


class Picture(NamedTuple):
    """A picture of so many pairs, and the scripts without an installed font that none before it was in need of."""

    path: Path
    pairs: int
    missing: set[str]


class AttendJob:
    """The attention that a run's model gives to the selected pairs of a source; with `pass_over` without those that
    have a fault.

    `chunks` streams it, in bounded memory; the other methods make something of those chunks, and with `replace`
    do so in the place of a file that stands there.

    Attributes:
        vocabulary: the word of each id, if the run has words.
        classes: the name of each label, if the run has names.
        bad: the faults that were passed over so far.

    Args:
        vocab: a file of words, for a run that carries none.

    Raises:
        RunError: the run's files are damaged, or the words are not its own. DataError: the vocabulary cannot be read.
    """

    def __init__(
        self,
        run: Run,
        source: PairSource,
        selection: Selection,
        threads: int | None = None,
        pass_over: bool = False,
        vocab: Path | None = None,
    ) -> None:
        self._source, self._selection, self._threads = source, selection, threads
        self._passes_over, self._last_bad, self.bad = pass_over, 0, BadLines()
        self.config = run.config()
        self._weights = run.weights(self.config)
        self.vocabulary, self.classes = run.vocabulary(vocab), run.classes()

    def chunks(self, made: Made = "summary") -> Iterator[ScoredMaps]:
        """`made` is what they are for. Raises as `attend_pairs` does."""
        scorer = Scorer(self.config, self._weights, self._threads)
        pass_over = self._pass_over if self._passes_over else None
        return attend_pairs(scorer, self._source, self._selection, CELL_BYTES[made], pass_over)

    def write_matrices(
        self, chunks: Iterable[ScoredMaps], path: Path, dtype: Literal["float32", "float16"], replace: bool = True
    ) -> int:
        """How many pairs there were; the file's suffix says its format."""
        return write_dump(path, chunks, self._metadata(), self.vocabulary, dtype, replace)

    def write_page(self, chunks: Iterable[ScoredMaps], path: Path, labels: Path | None, replace: bool = True) -> int:
        """How many pairs there were.

        Raises:
            DataError: the file of labels has not as many lines as that of queries, as far as both are looked at.
        """
        scored = self._labelled(chunks, labels)
        metadata = self._metadata() | {"classes": self.classes}
        return write_attention_page(path, scored, metadata, self.vocabulary, replace=replace)

    def write_pictures(
        self, chunks: Iterable[ScoredMaps], path: Path, grid: bool, several: bool, replace: bool = True
    ) -> Iterator[Picture]:
        """A picture of all pairs with `grid`, of each of several, or of the only one; told as soon as it is written.

        Raises:
            UsageError: more pairs than a grid holds.
        """
        maps = (PairMap(*scored) for scored in chain.from_iterable(chunks))
        told = set[str]()
        while part := list(islice(maps, LARGEST_GRID + 1 if grid else 1)):
            if len(part) > LARGEST_GRID:
                raise UsageError(f"--grid holds at most {LARGEST_GRID} pairs; choose with --pairs, --limit or --sample")
            place = numbered(path, part[0].pair) if several else path
            missing = write_picture(place, part, self.vocabulary, replace)
            yield Picture(place, len(part), missing - told)
            told |= missing

    def summary(self, chunks: Iterable[ScoredMaps]) -> dict[str, Any]:
        """As `summarize` gives it."""
        return summarize(chunks, self.config, self.vocabulary)

    def _pass_over(self, faults: Sequence[BadLine]) -> None:
        self.bad = self.bad.and_those(faults)
        self._last_bad = max(self._last_bad, *(fault.line for fault in faults))

    def _metadata(self) -> dict[str, Any]:
        return dump_metadata(self.config, fingerprint(self.config, self._weights))

    def _labelled(self, chunks: Iterable[ScoredMaps], path: Path | None) -> Iterator[Labelled]:
        """(number, attention, score, label if known) of each pair."""
        labels = read_labels(path, self.config.task, self.config.model.classes).tolist() if path else []
        count = 0
        for number, attention, score in chain.from_iterable(chunks):
            count = number + 1
            if path and count > len(labels):
                raise self._unequal(path, len(labels), f"{self._source.names[0]} has more")
            yield number, attention, score, labels[number] if path else None
        count = max(count, self._last_bad)
        if path and self._selection.is_all and count < len(labels):
            raise self._unequal(path, len(labels), f"{self._source.names[0]}: {count} lines")

    @staticmethod
    def _unequal(path: Path, labels: int, queries: str) -> DataError:
        return DataError(f"{path}: {labels} lines, but {queries}; line N of each belongs to pair N")
