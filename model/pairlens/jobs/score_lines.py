"""The lines that `score` prints, in every format."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pairlens.texts.pairs import Pairs

    Floats = NDArray[np.float32]


class Format(StrEnum):
    """text: the score. tsv: query, value and score. jsonl: an object with pair (from 0), score, query and value."""

    text = "text"
    tsv = "tsv"
    jsonl = "jsonl"


def line_writer(
    format_: Format, vocabulary: list[str] | None
) -> Callable[[int, Pairs, Floats, Mapping[int, str]], str]:
    """A function (number of the first pair, pairs, scores, what is wrong with which pair) -> lines.

    Scores have the digits that a float32 holds. Of a multiclass model a score is the probability of each class,
    separated by blanks, in JSON a list. A pair with a fault scores nan, null in JSON, and shows no texts.
    """

    from pairlens.scoring.decimals import decimal_lines

    def texts(pairs: Pairs) -> Iterator[tuple[list[int] | list[str], list[int] | list[str]]]:
        from pairlens.texts.words import words_of

        for query, value in zip(pairs.query, pairs.value, strict=True):
            if vocabulary is None:
                yield query.tolist(), value.tolist()
            else:
                yield words_of(query, vocabulary), words_of(value, vocabulary)

    def text(_: int, _pairs: Pairs, scores: Floats) -> str:
        return decimal_lines(scores)

    def tsv(_: int, pairs: Pairs, scores: Floats) -> str:
        rows = zip(texts(pairs), decimal_lines(scores).splitlines(), strict=True)
        return "".join(f"{' '.join(map(str, q))}\t{' '.join(map(str, v))}\t{score}\n" for (q, v), score in rows)

    def jsonl(first: int, pairs: Pairs, scores: Floats) -> str:
        rows = enumerate(zip(texts(pairs), decimal_lines(scores).splitlines(), strict=True), first)
        return "".join(
            json.dumps({"pair": i, "score": _json_score(score), "query": q, "value": v}, ensure_ascii=False) + "\n"
            for i, ((q, v), score) in rows
        )

    write = {Format.text: text, Format.tsv: tsv, Format.jsonl: jsonl}[format_]

    def lines(first: int, pairs: Pairs, scores: Floats, faults: Mapping[int, str]) -> str:
        written = write(first, pairs, scores)
        if not faults:
            return written
        rows = written.split("\n")
        for pair, fault in faults.items():
            rows[pair - first] = _line_of_fault(format_, pair, fault)
        return "\n".join(rows)

    return lines


def _line_of_fault(format_: Format, pair: int, fault: str) -> str:
    if format_ is Format.jsonl:
        return json.dumps({"pair": pair, "score": None, "query": None, "value": None, "error": fault})
    return "nan" if format_ is Format.text else "\t\tnan"


def _json_score(score: str) -> float | list[float]:
    probabilities = [float(number) for number in score.split()]
    return probabilities[0] if len(probabilities) == 1 else probabilities
