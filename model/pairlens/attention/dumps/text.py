"""Dumps as text, `.jsonl` and `.tsv`; see dump.py for the content."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import cycle
from typing import IO, Any

from numpy.typing import NDArray

from pairlens.attention.stream import ScoredMaps
from pairlens.compression import end_member
from pairlens.scoring.decimals import decimal_lines
from pairlens.scoring.maps import Floats, PairAttention
from pairlens.texts.words import column_word

_NUMBERS = 1 << 16  # converted to text at once


def write_jsonl(file: IO[bytes], chunks: Iterable[ScoredMaps], metadata: str, _: Sequence[str] | None) -> int:
    count = 0
    file.write(f"{metadata}\n".encode())
    end_member(file)
    for chunk in chunks:
        for (number, attention, _one), score in zip(chunk, decimal_lines(chunk.score).splitlines(), strict=True):
            shown = f"[{score.replace(' ', ',')}]" if chunk.score.ndim > 1 else score
            file.write(f'{{"pair": {number}, "score": {shown}'.encode())
            for name, array in _arrays(attention):
                file.write(f', "{name}": '.encode())
                file.writelines(part.encode() for part in _json(array))
            file.write(b"}\n")
        end_member(file)
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
            end_member(file)
        for score, (number, attention, _one) in zip(decimal_lines(chunk.score).splitlines(), chunk, strict=True):
            start = "\t".join([str(number), *score.split()])
            file.writelines(row.encode() for row in _rows(start, attention, vocabulary))
        end_member(file)
        count += len(chunk)
    return count


def _rows(start: str, attention: PairAttention, vocabulary: Sequence[str] | None) -> Iterator[str]:
    """Yield the lines of one pair, one query token at a time, each beginning with `start`; direction by direction."""
    query, value = ([column_word(word) for word in words] for words in attention.words(vocabulary))
    ends = [f"\t{j}\t%s\t{word.replace('%', '%%')}\t%s\n" for j, word in enumerate(value)]
    directions = [("query_to_value", attention.scores)]
    if attention.value_scores is not None:
        directions.append(("value_to_query", attention.value_scores.T))
    for direction, scores in directions:
        for i, (word, row) in enumerate(zip(query, _texts(scores), strict=True)):
            line = f"{start}\t{direction}\t{i}"
            values = [part for pair in zip(cycle([word]), row, strict=False) for part in pair]
            yield (line + line.join(ends)) % tuple(values) if ends else ""


def _json(array: NDArray[Any]) -> Iterator[str]:
    """Yield the JSON of an array [n] or [n, m] in parts."""
    if array.ndim == 1:
        yield str(array.tolist()).replace(" ", "")
        return
    for i, row in enumerate(_texts(array)):
        yield f"{',' if i else '['}[{','.join(row)}]"
    yield "]" if len(array) else "[]"


def _texts(array: Floats) -> Iterator[list[str]]:
    """Yield the numbers [n, m] as text, row by row; some rows at a time, because text needs much more memory."""
    rows = max(_NUMBERS // max(array.shape[1], 1), 1)
    for start in range(0, len(array), rows):
        part = array[start : start + rows]
        yield from (line.split() for line in decimal_lines(part).splitlines()) if part.size else ([] for _ in part)


def _arrays(attention: PairAttention) -> Iterator[tuple[str, NDArray[Any]]]:
    yield "query", attention.query
    yield "value", attention.value
    yield "scores", attention.scores
    if attention.value_scores is not None:
        yield "value_scores", attention.value_scores
