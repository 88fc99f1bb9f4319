"""Dumps as text, `.jsonl` and `.tsv`; see dumps.py for what they hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import cycle
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from pairlens.attention.stream import ScoredMaps
from pairlens.scoring.maps import PairAttention
from pairlens.texts.words import words_of

_DIGITS = {np.dtype(np.float32): "%.9g", np.dtype(np.float16): "%.5g", np.dtype(np.int32): "%d"}  # all that they hold


def write_jsonl(file: IO[bytes], chunks: Iterable[ScoredMaps], metadata: str, _: Sequence[str] | None) -> int:
    count = 0
    file.write(f"{metadata}\n".encode())
    for chunk in chunks:
        scores = map(_json, chunk.score) if chunk.score.ndim > 1 else (f"{score:.9g}" for score in chunk.score.tolist())
        for (number, attention, _one), score in zip(chunk, scores, strict=True):
            arrays = "".join(f', "{name}": {_json(array)}' for name, array in _arrays(attention))
            file.write(f'{{"pair": {number}, "score": {score}{arrays}}}\n'.encode())
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
        for score, (number, attention, _one) in zip(chunk.score.reshape(len(chunk), -1).tolist(), chunk, strict=True):
            start = "\t".join([str(number), *(f"{part:.9g}" for part in score)])
            file.writelines(row.encode() for row in _rows(start, attention, vocabulary))
        count += len(chunk)
    return count


def _rows(start: str, attention: PairAttention, vocabulary: Sequence[str] | None) -> Iterator[str]:
    """The lines of one pair, a query token at a time, `start` before each; both directions in this order."""
    number = _DIGITS[attention.scores.dtype]
    query, value = words_of(attention.query, vocabulary), words_of(attention.value, vocabulary)
    ends = [f"\t{j}\t%s\t{word.replace('%', '%%')}\t{number}\n" for j, word in enumerate(value)]
    directions = [("query_to_value", attention.scores)]
    if attention.value_scores is not None:
        directions.append(("value_to_query", attention.value_scores.T))
    for direction, scores in directions:
        for i, (word, row) in enumerate(zip(query, scores.tolist(), strict=True)):
            line = f"{start}\t{direction}\t{i}"
            values = [part for pair in zip(cycle([word]), row, strict=False) for part in pair]
            yield (line + line.join(ends)) % tuple(values) if ends else ""


def _json(array: NDArray[Any]) -> str:
    """JSON of an array [n] or [n, m]; one formatting operation a row is four times as fast as the json module."""
    if array.ndim > 1:
        return f"[{','.join(map(_json, array))}]"
    return _row_format(array.dtype, len(array)) % tuple(array.tolist())


@lru_cache(maxsize=1024)
def _row_format(dtype: np.dtype[Any], length: int) -> str:
    return f"[{','.join([_DIGITS[dtype]] * length)}]"


def _arrays(attention: PairAttention) -> Iterator[tuple[str, NDArray[Any]]]:
    yield "query", attention.query
    yield "value", attention.value
    yield "scores", attention.scores
    if attention.value_scores is not None:
        yield "value_scores", attention.value_scores
