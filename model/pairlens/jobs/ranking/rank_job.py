"""Ranks all candidates for each query of a source, and measures the rankings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import IO, Any

import numpy as np

from pairlens.compression import end_member
from pairlens.evaluation.bootstrap import intervals_of
from pairlens.jobs.ranking.relevant import RelevantPairs, read_relevant
from pairlens.jobs.ranking.request import RankRequest
from pairlens.jobs.ranking.sides import Side, side_of
from pairlens.jobs.score_job import Listener
from pairlens.locations.location import Location
from pairlens.metrics.retrieval import RetrievalMetrics
from pairlens.scoring.best import Best, joined
from pairlens.scoring.ranker import NO_PAIRS
from pairlens.texts.pairs import Chunk
from pairlens.texts.sources import PairSource
from pairlens.texts.splits import text_rules


class RankJob:
    """Ranks candidates for the queries of a source, to an open file.

    Args:
        source: pairs of each query with itself; see `one_side`.
        labels: a file of relevant pairs, to be measured; see `read_relevant`.
        threads: see `Scorer`.

    Attributes:
        queries: how many were ranked so far.
        places: how many lines were written so far.
    """

    def __init__(
        self, request: RankRequest, source: PairSource, threads: int | None = None, labels: Location | None = None
    ) -> None:
        self._request, self._source, self._labels = request, source, labels
        self._ranker, self._writer = request.ranker(threads), request.writer()
        self._relevant: RelevantPairs | None = None
        self._ranks = [np.zeros(0, np.int64)]
        self._scored = self.queries = self.places = 0

    def run(self, file: IO[str] | None, listener: Listener) -> None:
        """Rank for all queries; write the places unless there is no file.

        Raises:
            DataError: a text or a label has a fault. PairlensError: a score is not a finite number.
        """
        chunks: Iterable[Chunk] = self._source.chunks(text_rules(self._request.config), self._ranker.chunk)
        if self._labels:
            chunks = [*chunks]  # a label of a query that is not there must be found before the work
            self._relevant = self._read_labels(self._labels, sum(len(chunk.pairs) for chunk in chunks))
        with listener.scoring(0) as report:
            for chunk in chunks:
                self._rank_and_write(side_of(chunk), file, report)

    def _read_labels(self, path: Location, queries: int) -> RelevantPairs:
        return read_relevant(path, queries, len(self._request.side.texts), self._request.exclude_same)

    def _rank_and_write(self, queries: Side, file: IO[str] | None, report: Callable[[int], object]) -> None:
        def add(pairs: int) -> None:
            self._scored += pairs
            report(self._scored)

        count = len(queries.texts)
        relevant = self._relevant.of(self.queries, count) if self._relevant else NO_PAIRS
        first = self._source.start.pairs + self.queries
        ranked = [*self._ranker.rank(queries.texts, first, relevant, add)]
        self._ranks += [one.ranks for one in ranked]
        if file:
            self._write(file, first, queries, joined([one.best for one in ranked]))
        self.queries += count

    def _write(self, file: IO[str], first: int, queries: Side, best: Best) -> None:
        """Write the lines of some queries; those of a unit are a member of a compressed file, as in a shard."""
        unit = self._ranker.unit
        for start in range(0, len(best.logits), unit):
            some = slice(start, start + unit)
            lines = self._writer.lines(first + start, queries.part(some), best.part(some))
            file.write(lines)
            end_member(file)
            self.places += lines.count("\n")

    def measured(self) -> dict[str, Any]:
        """The metrics, with 95 % intervals over the queries, and how many queries have a relevant candidate."""
        assert self._relevant
        relevant, ranks = self._relevant, np.concatenate(self._ranks)
        metrics = RetrievalMetrics(relevant.queries, ranks, relevant.grades, self._request.count)
        values = {name: float(value[0]) for name, value in metrics(np.ones((1, metrics.units))).items()}
        return {
            "groups": {"counted": metrics.units, "without_positive": self.queries - metrics.units},
            "metrics": values,
            "intervals": intervals_of(metrics),
        }
