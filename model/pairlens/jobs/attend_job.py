"""Computes the attention of selected pairs, and writes it as matrices, a page, pictures or a summary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any, Literal, NamedTuple

from pairlens.attention.dumps.dump import dump_metadata, write_dump
from pairlens.attention.pictures import LARGEST_GRID, PairMap, numbered, write_picture
from pairlens.attention.selection import Selection
from pairlens.attention.stream import ScoredMaps, attend_pairs
from pairlens.attention.summary import summarize
from pairlens.config.weights import fingerprint
from pairlens.errors import DataError, UsageError
from pairlens.jobs.bad_lines import BadLines
from pairlens.locations.location import Location
from pairlens.pages.attention import Labelled, write_attention_page
from pairlens.runs.run import Run
from pairlens.scoring.scorer import Scorer
from pairlens.texts.lines import read_labels
from pairlens.texts.sources import PairSource
from pairlens.texts.token_faults import BadLine

Purpose = Literal["matrices", "pictures", "page", "summary"]

# Upper bounds of the bytes per cell of a map that its use takes in addition to it (tests/jobs/test_attend_job.py).
CELL_BYTES: dict[Purpose, int] = {"matrices": 12, "pictures": 20, "page": 72, "summary": 136}


class Picture(NamedTuple):
    """A picture that was written.

    Attributes:
        pairs: the number of pairs in it.
        missing: scripts without an installed font that no earlier picture lacked.
    """

    path: Location
    pairs: int
    missing: set[str]


class AttendJob:
    """Computes the attention of a run's model for the selected pairs of a source.

    `chunks` streams it in bounded memory; the other methods write those chunks. Their `replace` allows an existing
    file to be replaced.

    Attributes:
        vocabulary: the word of each id, if the run has words.
        classes: the name of each label, if the run has names.
        bad: the faults that were skipped so far.

    Args:
        skip_bad: skip pairs with a fault instead of raising at the first one.
        vocab: a vocabulary file, for a run that carries none.

    Raises:
        RunError: the run's files are damaged, or `vocab` is not the run's vocabulary.
        DataError: the vocabulary cannot be read.
    """

    def __init__(
        self,
        run: Run,
        source: PairSource,
        selection: Selection,
        threads: int | None = None,
        skip_bad: bool = False,
        vocab: Location | None = None,
    ) -> None:
        self._source, self._selection, self._threads = source, selection, threads
        self._skip_bad, self._last_bad, self.bad = skip_bad, 0, BadLines()
        self.config = run.config()
        self._weights = run.weights(self.config)
        self.vocabulary, self.classes = run.vocabulary(vocab), run.classes()

    def chunks(self, purpose: Purpose = "summary", scorer: Scorer | None = None) -> Iterator[ScoredMaps]:
        """Stream the scored maps. `purpose` says what for, and bounds their memory. Raises as `attend_pairs` does.

        Args:
            scorer: the run's scorer, if there is one already.
        """
        scorer = scorer or Scorer(self.config, self._weights, self._threads)
        skip = self._skip if self._skip_bad else None
        return attend_pairs(scorer, self._source, self._selection, CELL_BYTES[purpose], skip)

    def write_matrices(
        self, chunks: Iterable[ScoredMaps], path: Location, dtype: Literal["float32", "float16"], replace: bool = True
    ) -> int:
        """Write a file of matrices, in the format of its suffix; return the number of pairs."""
        return write_dump(path, chunks, self._metadata(), self.vocabulary, dtype, replace)

    def write_page(
        self, chunks: Iterable[ScoredMaps], path: Location, labels: Location | None, replace: bool = True
    ) -> int:
        """Write a page; return the number of pairs.

        Raises:
            DataError: the files of labels and of queries have different numbers of lines, as far as they are read.
        """
        scored = self._labelled(chunks, labels)
        metadata = self._metadata() | {"classes": self.classes}
        return write_attention_page(path, scored, metadata, self.vocabulary, replace=replace)

    def write_pictures(
        self, chunks: Iterable[ScoredMaps], path: Location, grid: bool, several: bool, replace: bool = True
    ) -> Iterator[Picture]:
        """Write one picture of all pairs (`grid`), one of each pair (`several`), or one of the only pair.

        Yields each as soon as it is written.

        Raises:
            UsageError: more pairs than fit in a grid.
        """
        maps = (PairMap(*scored) for scored in chain.from_iterable(chunks))
        reported = set[str]()
        while part := list(islice(maps, LARGEST_GRID + 1 if grid else 1)):
            if len(part) > LARGEST_GRID:
                raise UsageError(f"--grid takes at most {LARGEST_GRID} pairs; add --pairs, --limit or --sample")
            file = numbered(path, part[0].pair) if several else path
            missing = write_picture(file, part, self.vocabulary, replace)
            yield Picture(file, len(part), missing - reported)
            reported |= missing

    def summary(self, chunks: Iterable[ScoredMaps]) -> dict[str, Any]:
        """The summary that `summarize` makes of the chunks."""
        return summarize(chunks, self.config, self.vocabulary)

    def _skip(self, faults: Sequence[BadLine]) -> None:
        self.bad = self.bad.plus(faults)
        self._last_bad = max(self._last_bad, *(fault.line for fault in faults))

    def _metadata(self) -> dict[str, Any]:
        return dump_metadata(self.config, fingerprint(self.config, self._weights))

    def _labelled(self, chunks: Iterable[ScoredMaps], path: Location | None) -> Iterator[Labelled]:
        """Yield (number, attention, score, label or None) of each pair."""
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
    def _unequal(path: Location, labels: int, queries: str) -> DataError:
        return DataError(f"{path}: {labels} lines, but {queries}; line N of each belongs to pair N")
