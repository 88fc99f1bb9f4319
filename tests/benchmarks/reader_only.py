"""Print the megabytes per second at which one reader converts token files to ids and text lengths.

python tests/benchmarks/reader_only.py pairlens|fromstring|split QUERY VALUE OUTPUT    # OUTPUT: a sum per text
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from padded import Ints, read_texts

Side = tuple[Ints, NDArray[np.int64]]  # ids [tokens] and lengths [texts]


def read_with_pairlens(query: Path, value: Path) -> list[Side]:
    from pairlens.texts.pairs import iter_pairs
    from pairlens.texts.token_faults import TextRules

    [(pairs, *_)] = iter_pairs(query, value, TextRules(input_dim=None), chunk=sys.maxsize)
    return [(texts.ids, texts.lengths) for texts in (pairs.query, pairs.value)]


def read_with_fromstring(query: Path, value: Path) -> list[Side]:
    return [(texts.ids, texts.lengths) for texts in map(read_texts, (query, value))]


def read_with_split(query: Path, value: Path) -> list[Side]:
    return [_split(query), _split(value)]


def _split(path: Path) -> Side:
    ids: list[int] = []
    lengths: list[int] = []
    with path.open() as file:
        for line in file:
            tokens = line.split()
            lengths.append(len(tokens))
            ids += map(int, tokens)
    return np.array(ids, np.int32), np.array(lengths, np.int64)


def main(reader: str, *paths: str) -> None:
    query, value, output = map(Path, paths)
    read = {"pairlens": read_with_pairlens, "fromstring": read_with_fromstring, "split": read_with_split}[reader]
    read(query, value)
    began = time.perf_counter()
    sides = read(query, value)
    seconds = time.perf_counter() - began
    print((query.stat().st_size + value.stat().st_size) / 1e6 / seconds)
    sums = [np.add.reduceat(ids, np.cumsum(lengths) - lengths, dtype=np.int64) for ids, lengths in sides]
    output.write_text("\n".join(map(str, np.concatenate(sums))) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
