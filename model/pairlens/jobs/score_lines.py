"""The lines that a scoring writes, in every format."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pairlens.scoring.decimals import decimal_lines
from pairlens.texts.pairs import Pairs
from pairlens.texts.words import column_word, json_line, words_of

# text: the score. tsv: query, value and score. jsonl: an object with pair (from 0), score, query and value.
Format = Literal["text", "tsv", "jsonl"]


class LineWriter:
    """Writes a line for each pair.

    `decimal_lines` writes the scores. Of a multiclass model a score is the probability of each class, separated by
    blanks, in JSON a list. A pair with a fault scores nan, null in JSON, and shows no texts.

    Args:
        vocabulary: the word of each id, to be shown instead of it.
        said: what JSON calls the numbers.
    """

    def __init__(self, format_: Format, vocabulary: Sequence[str] | None = None, said: str = "score") -> None:
        self._format, self._vocabulary, self._said = format_, vocabulary, said

    def lines(self, first: int, pairs: Pairs, scores: NDArray[np.float32], faults: Mapping[int, str]) -> str:
        """The lines of some pairs; `first` is the number of the first, and `faults` tells what is wrong with which."""
        written = decimal_lines(scores)
        if self._format == "tsv":
            written = self._tsv(pairs, written.splitlines())
        elif self._format == "jsonl":
            written = self._jsonl(first, pairs, written.splitlines())
        if not faults:
            return written
        rows = written.split("\n")
        for pair, fault in faults.items():
            rows[pair - first] = self._line_of_fault(pair, fault)
        return "\n".join(rows)

    def _tsv(self, pairs: Pairs, scores: list[str]) -> str:
        rows = zip(self._texts(pairs), scores, strict=True)
        return "".join(f"{_column(q)}\t{_column(v)}\t{score}\n" for (q, v), score in rows)

    def _jsonl(self, first: int, pairs: Pairs, scores: list[str]) -> str:
        rows = enumerate(zip(self._texts(pairs), scores, strict=True), first)
        return "".join(
            json_line({"pair": i, self._said: _json_score(score), "query": q, "value": v}) + "\n"
            for i, ((q, v), score) in rows
        )

    def _texts(self, pairs: Pairs) -> Iterator[tuple[list[int] | list[str], list[int] | list[str]]]:
        for query, value in zip(pairs.query, pairs.value, strict=True):
            if self._vocabulary is None:
                yield query.tolist(), value.tolist()
            else:
                yield words_of(query, self._vocabulary), words_of(value, self._vocabulary)

    def _line_of_fault(self, pair: int, fault: str) -> str:
        if self._format == "jsonl":
            return json.dumps({"pair": pair, self._said: None, "query": None, "value": None, "error": fault})
        return "nan" if self._format == "text" else "\t\tnan"


def _column(text: Sequence[int] | Sequence[str]) -> str:
    return " ".join(column_word(token) if isinstance(token, str) else str(token) for token in text)


def _json_score(score: str) -> float | list[float]:
    probabilities = [float(number) for number in score.split()]
    return probabilities[0] if len(probabilities) == 1 else probabilities
