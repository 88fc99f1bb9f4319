"""Formats scored pairs as lines: text, TSV or JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, Protocol

from pairlens.scoring.decimals import decimal_lines
from pairlens.scoring.logits import Logits
from pairlens.tables.rows import PairRows
from pairlens.texts.pairs import Chunk
from pairlens.texts.words import column_word, json_line, words_of

# text: the score. tsv: query, value and score. jsonl: an object with pair (from 0), score, query and value.
Format = Literal["text", "tsv", "jsonl"]


class Writer(Protocol):
    """Formats scored pairs."""

    def head(self) -> str:
        """The text before the first pair, such as a header."""

    def lines(self, first: int, chunk: Chunk, logits: Logits, faults: Mapping[int, str]) -> str:
        """The lines of a chunk; `first` is the number of its first pair, `faults` maps numbers of pairs to messages."""


def score_lines(logits: Logits, as_logits: bool) -> list[str]:
    """Format the score of each pair with `decimal_lines`; for a multiclass model, one number per class."""
    return decimal_lines(logits.merged() if as_logits else logits.scores()).splitlines()


class LineWriter:
    """Writes a line for each pair.

    The score of a multiclass model is one probability per class, separated by blanks; in JSON, a list. A pair with a
    fault scores nan (null in JSON) and shows no texts. If the input was texts, they are shown as given.

    Args:
        vocabulary: the word of each id, to be shown instead of the id.
        as_logits: write logits instead of scores.
    """

    def __init__(self, format_: Format, vocabulary: Sequence[str] | None = None, as_logits: bool = False) -> None:
        self._format, self._vocabulary, self._as_logits = format_, vocabulary, as_logits
        self._key = "logits" if as_logits else "score"

    def head(self) -> str:
        return ""

    def lines(self, first: int, chunk: Chunk, logits: Logits, faults: Mapping[int, str]) -> str:
        if self._format == "text" and not faults:
            return decimal_lines(logits.merged() if self._as_logits else logits.scores())
        rows, texts, ids = score_lines(logits, self._as_logits), self._texts(chunk), _names(chunk)
        if self._format == "tsv":
            cells = (
                [*map(column_word, its_id), column_text(q), column_text(v)]
                for its_id, (q, v) in zip(ids, texts, strict=True)
            )
            rows = ["\t".join([*two, score]) for two, score in zip(cells, rows, strict=True)]
        elif self._format == "jsonl":
            scored = zip(range(first, first + len(rows)), ids, rows, texts, strict=True)
            rows = [
                json_line({"pair": i, **_named(its_id), self._key: json_score(score), "query": q, "value": v})
                for i, its_id, score, (q, v) in scored
            ]
        for pair, fault in faults.items():
            rows[pair - first] = self._line_of_fault(pair, ids[pair - first], fault)
        return "".join([f"{row}\n" for row in rows])

    def _texts(self, chunk: Chunk) -> Iterator[tuple[Any, Any]]:
        """Yield both texts of each pair: as given if the input was texts, otherwise as ids or words."""
        if isinstance(chunk.given, PairRows):
            yield from zip(chunk.given.query, chunk.given.value, strict=True)
            return
        for query, value in zip(chunk.pairs.query, chunk.pairs.value, strict=True):
            if self._vocabulary is None:
                yield query.tolist(), value.tolist()
            else:
                yield words_of(query, self._vocabulary), words_of(value, self._vocabulary)

    def _line_of_fault(self, pair: int, its_id: Sequence[str], fault: str) -> str:
        if self._format == "jsonl":
            entry = {"pair": pair, **_named(its_id), self._key: None, "query": None, "value": None, "error": fault}
            return json_line(entry)
        return "nan" if self._format == "text" else "\t".join([*map(column_word, its_id), "", "", "nan"])


def json_score(score: str) -> float | list[float]:
    """Convert a line of `score_lines` to a number, or a list of numbers, for JSON."""
    probabilities = [float(number) for number in score.split()]
    return probabilities[0] if len(probabilities) == 1 else probabilities


def _names(chunk: Chunk) -> Sequence[Sequence[str]]:
    """The id of each pair in a tuple; empty tuples if pairs have no ids."""
    ids = chunk.given.others.get("id") if isinstance(chunk.given, PairRows) else None
    return [()] * len(chunk.pairs) if ids is None else [(one,) for one in ids]


def _named(its_id: Sequence[str]) -> dict[str, str]:
    return {"id": its_id[0]} if its_id else {}


def column_text(text: str | Sequence[int] | Sequence[str]) -> str:
    """A text, ids or words for a line of columns."""
    if isinstance(text, str):
        return " ".join(map(column_word, text.split(" ")))
    return " ".join(column_word(token) if isinstance(token, str) else str(token) for token in text)
