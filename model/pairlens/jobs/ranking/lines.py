"""Formats rankings as lines: text, TSV or JSON."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pairlens.config.tasks import Task
from pairlens.jobs.ranking.sides import Side
from pairlens.jobs.score_lines import Format, column_text, score_lines
from pairlens.scoring.best import NEVER, Best
from pairlens.scoring.logits import Logits
from pairlens.texts.words import json_line


class RankingWriter:
    """Writes a line for each place: the query, the place, the candidate and its score, in columns or as JSON.

    Queries and candidates are numbers of lines, from 1, as are places. TSV and JSON also show both texts.

    Args:
        vocabulary: the word of each id, to be shown instead of the id.
        as_logits: write logits instead of scores.
    """

    def __init__(
        self, format_: Format, task: Task, candidates: Side, vocabulary: Sequence[str] | None, as_logits: bool
    ) -> None:
        self._format, self._task, self._candidates = format_, task, candidates
        self._vocabulary, self._as_logits = vocabulary, as_logits

    def lines(self, first: int, queries: Side, best: Best) -> str:
        """The lines of some queries, the first of which has the number `first`, from 0."""
        row, place = np.nonzero(best.logits > NEVER)
        scores = score_lines(Logits(self._task, (best.logits[row, place],)), self._as_logits)
        numbers = zip(row.tolist(), place.tolist(), best.candidates[row, place].tolist(), scores, strict=True)
        if self._format == "text":
            return "".join([f"{first + q + 1}\t{i + 1}\t{c + 1}\t{score}\n" for q, i, c, score in numbers])
        write = self._as_columns if self._format == "tsv" else self._as_json
        return "".join([write(queries, first, *one) for one in numbers])

    def _as_columns(self, queries: Side, first: int, query: int, place: int, candidate: int, score: str) -> str:
        texts = queries.shown(query, self._vocabulary), self._candidates.shown(candidate, self._vocabulary)
        cells = [str(first + query + 1), str(place + 1), str(candidate + 1), score, *map(column_text, texts)]
        return "\t".join(cells) + "\n"

    def _as_json(self, queries: Side, first: int, query: int, place: int, candidate: int, score: str) -> str:
        entry = {
            "query": first + query + 1,
            "place": place + 1,
            "candidate": candidate + 1,
            "logits" if self._as_logits else "score": float(score),
            "query_text": queries.shown(query, self._vocabulary),
            "candidate_text": self._candidates.shown(candidate, self._vocabulary),
        }
        return json_line(entry) + "\n"
