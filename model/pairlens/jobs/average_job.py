"""The mean of several files of scores, line by line: one teacher of several models."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from typing import IO

import numpy as np

from pairlens.compression import end_member
from pairlens.errors import DataError
from pairlens.locations.location import Location
from pairlens.scoring.decimals import decimal_lines
from pairlens.texts.pairs import unequal
from pairlens.texts.score_rows import Floats, columns_of, line_chunks, parse_rows

_LINES = 65_536  # of each file that are in memory


def average(paths: Sequence[Location], file: IO[str], report: Callable[[int], object] = lambda _: None) -> None:
    """Write the mean of the scores in line N of every file, at least one, as line N; of several classes, each mean.

    The mean is computed in float64 and written as `score` writes a float32. `report` is called with the number of lines
    done so far.

    Raises:
        DataError: a file cannot be read, has a line without numbers or with another count of them
            (`path:line:column: message`), or line counts differ.
    """
    done = 0
    for means in _means(paths):
        file.write(decimal_lines(means.astype(np.float32)))
        end_member(file)
        done += len(means)
        report(done)


def _means(paths: Sequence[Location]) -> Iterator[Floats]:
    """Yield the means, float64 [lines, columns], of some thousand lines at a time."""
    files = [line_chunks(path, _LINES) for path in paths]
    done = columns = 0
    for chunks in zip_longest(*files, fillvalue=[]):
        counts = [done + len(lines) for lines in chunks]
        if len(set(counts)) > 1:
            rest = [sum(map(len, file)) for file in files]
            raise _unequal(paths, [count + more for count, more in zip(counts, rest, strict=True)])
        columns = columns or columns_of(chunks[0][0])
        why = f"as in {paths[0]}:1"
        rows = [parse_rows(lines, columns, path, done, why) for lines, path in zip(chunks, paths, strict=True)]
        done = counts[0]
        yield np.mean(rows, axis=0)


def _unequal(paths: Sequence[Location], counts: Sequence[int]) -> DataError:
    """The error that names the first file, and the first one with another number of lines."""
    other = next(i for i, count in enumerate(counts) if count != counts[0])
    return unequal(paths[0], counts[0], paths[other], counts[other])
