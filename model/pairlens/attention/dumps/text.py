"""Dumps as text, `.jsonl` and `.tsv`; see dumps.py for what they hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import cycle
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from pairlens.attention.stream import ScoredMaps
from pairlens.scoring.decimals import decimal_lines
from pairlens.scoring.maps import PairAttention
from pairlens.texts.words import words_of

_DIGITS = {np.dtype(np.float16): "%.5g", np.dtype(np.int32): "%d"}  # all that they hold


def write_jsonl(file: IO[bytes], chunks: Iterable[ScoredMaps], metadata: str, _: Sequence[str] | None) -> int:
    count = 0
    file.write(f"{metadata}\n".encode())
    for chunk in chunks:
        for (number, attention, _one), score in zip(chunk, decimal_lines(chunk.score).splitlines(), strict=True):
            said = f"[{score.replace(' ', ',')}]" if chunk.score.ndim > 1 else score
            arrays = "".join(f', "{name}": {_json(array)}' for name, array in _arrays(attention))
            file.write(f'{{"pair": {number}, "score": {said}{arrays}}}\n'.encode())
        count += len(chunk)
    return count


def write_tsv(file: IO[bytes], chunks: Iterable[ScoredMaps], metadata: str, vocabulary: Sequence[str] | None) -> int:
    count = 0
    file.write(f"# {metadata}\n".encode())
    for chunk in chunks:
        if not count:
            scores = [f"score_{i}" for i in range(chunk.score.shape[1])] if chunk.score.ndim > 1 else ["score"]
            names = ["pair", *scores, "direction", "query_position", "value_position", "query", "value", "weight"]
            file.write(("\t".join(names) + "\n").encode())
        for score, (number, attention, _one) in zip(decimal_lines(chunk.score).splitlines(), chunk, strict=True):
            start = "\t".join([str(number), *score.split()])
            file.writelines(row.encode() for row in _rows(start, attention, vocabulary))
        count += len(chunk)
    return count


def _rows(start: str, attention: PairAttention, vocabulary: Sequence[str] | None) -> Iterator[str]:
    """The lines of one pair, a query token at a time, `start` before each; both directions in this order."""
    query, value = words_of(attention.query, vocabulary), words_of(attention.value, vocabulary)
    ends = [f"\t{j}\t%s\t{word.replace('%', '%%')}\t%s\n" for j, word in enumerate(value)]
    directions = [("query_to_value", attention.scores)]
    if attention.value_scores is not None:
        directions.append(("value_to_query", attention.value_scores.T))
    for direction, scores in directions:
        for i, (word, row) in enumerate(zip(query, _texts(scores), strict=True)):
            line = f"{start}\t{direction}\t{i}"
            values = [part for pair in zip(cycle([word]), row, strict=False) for part in pair]
            yield (line + line.join(ends)) % tuple(values) if ends else ""


def _json(array: NDArray[Any]) -> str:
    """JSON of an array [n] or [n, m]."""
    rows = [f"[{','.join(row)}]" for row in _texts(array if array.ndim > 1 else array[np.newaxis])]
    return f"[{','.join(rows)}]" if array.ndim > 1 else rows[0]


def _texts(array: NDArray[Any]) -> list[list[str]]:
    """The numbers [n, m] as text, row by row."""
    if array.dtype == np.float32:
        return [row.split() for row in decimal_lines(array).splitlines()] if array.size else [[]] * len(array)
    # One formatting operation a row is four times as fast as the json module.
    form = _row_format(array.dtype, array.shape[1])
    return [(form % tuple(row)).split() for row in array.tolist()]


@lru_cache(maxsize=1024)
def _row_format(dtype: np.dtype[Any], length: int) -> str:
    return " ".join([_DIGITS[dtype]] * length)


def _arrays(attention: PairAttention) -> Iterator[tuple[str, NDArray[Any]]]:
    yield "query", attention.query
    yield "value", attention.value
    yield "scores", attention.scores
    if attention.value_scores is not None:
        yield "value_scores", attention.value_scores
