"""Token files → ragged pairs: all of them, or chunk by chunk in bounded memory."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import zip_longest
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairlens.errors import DataError
from pairlens.texts.blocks import SUFFIXES, LineEnds, data_errors, read_blocks, stream_blocks
from pairlens.texts.lines import LabelKind, read_groups, read_labels, read_sample_weights
from pairlens.texts.texts import Texts
from pairlens.texts.token_faults import BadLine, TextRules
from pairlens.texts.tokens import parse_blocks


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Pair i is `query[i]` with `value[i]`.

    Attributes:
        label: its target, float32 [pairs], if known.
        group: int64 [pairs]; the pairs of a group are ranked against each other, if it matters.
        weight: how much it counts in training, float32 [pairs], if not all count the same.
    """

    query: Texts
    value: Texts
    label: NDArray[np.float32] | None = None
    group: NDArray[np.int64] | None = None
    weight: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.query)

    def take(self, indices: NDArray[np.int64]) -> Pairs:
        """The pairs at `indices` [n], in that order."""
        return Pairs(
            self.query.take(indices),
            self.value.take(indices),
            None if self.label is None else self.label[indices],
            None if self.group is None else self.group[indices],
            None if self.weight is None else self.weight[indices],
        )


@dataclass(frozen=True, slots=True)
class SplitPaths:
    """The files of a split; those that may be missing are None where they are."""

    query: Path
    value: Path
    label: Path | None = None
    group: Path | None = None
    weight: Path | None = None


def split_paths(prefix: Path) -> SplitPaths:
    """Finds `PREFIX.query.txt`, `PREFIX.value.txt` and, if they exist, `PREFIX.label.txt`, `PREFIX.group.txt` and
    `PREFIX.weight.txt`, compressed or not.

    Raises:
        DataError: there is no query or value file, or a file stands beside a compressed one of the same name.
    """
    with data_errors(str(prefix)):
        query, value = _find(prefix, "query"), _find(prefix, "value")
        if query is None:
            raise _missing(prefix, "query")
        if value is None:
            raise _missing(prefix, "value")
        return SplitPaths(query, value, *(_find(prefix, side) for side in ("label", "group", "weight")))


def _find(prefix: Path, side: str) -> Path | None:
    paths = [path for suffix in SUFFIXES if (path := Path(f"{prefix}.{side}.txt{suffix}")).exists()]
    if len(paths) > 1:
        raise DataError(f"{paths[1]}: stands beside {paths[0].name}; keep one of the two")
    return paths[0] if paths else None


def _missing(prefix: Path, side: str) -> DataError:
    path = Path(f"{prefix}.{side}.txt")
    names = [sibling.name for sibling in path.parent.iterdir() if side in sibling.name] if path.parent.is_dir() else []
    nearest = get_close_matches(path.name, names, n=1)
    hint = f"; did you mean {nearest[0]}?" if nearest else ""
    return DataError(f"{path}: no such file, nor one with .gz, .bz2 or .xz{hint}")


def read_pairs(paths: SplitPaths, rules: TextRules, task: LabelKind, classes: int | None = None) -> Pairs:
    """All pairs of a split, at least one; with `ranking` and no file of groups, pairs with the same query are a group.

    Raises:
        DataError: a fault in a file, files without lines, or files of unequal line counts.
    """
    pairs = next(iter_pairs(paths.query, paths.value, rules, chunk=sys.maxsize), None)
    if pairs is None:
        raise DataError(f"{paths.query}: a file without lines; there is nothing to learn from or to measure")
    label = read_labels(paths.label, task, classes) if paths.label else None
    group = read_groups(paths.group) if paths.group else groups_of(pairs.query) if task == "ranking" else None
    weight = read_sample_weights(paths.weight) if paths.weight else None
    for path, numbers in ((paths.label, label), (paths.group, group), (paths.weight, weight)):
        if path and numbers is not None and len(numbers) != len(pairs):
            raise _unequal(paths.query, len(pairs), path, len(numbers))
    return Pairs(pairs.query, pairs.value, label, group, weight)


def groups_of(query: Texts) -> NDArray[np.int64]:
    """A number for each query, the same for equal ones: int64 [pairs], from 0 in the order in which they first come."""
    numbers: dict[bytes, int] = {}
    return np.fromiter((numbers.setdefault(text.tobytes(), len(numbers)) for text in query), np.int64, len(query))


class Position(NamedTuple):
    """So many pairs, and where their lines end in the files of queries and of values, in (decompressed) bytes."""

    pairs: int = 0
    query: int = 0
    value: int = 0


START = Position()


def iter_pairs(
    query: Path,
    value: Path,
    rules: TextRules,
    chunk: int = 65536,
    bad: list[BadLine] | None = None,
    start: Position = START,
    ends: list[Position | None] | None = None,
) -> Iterator[Pairs]:
    """Yields the pairs of two files in chunks of exactly `chunk`, the last one shorter; nothing if there are no lines.

    Memory is bounded by a chunk.

    Args:
        bad: if given, lines with faults are replaced by harmless ones, and the faults added here before their chunk is
            yielded; line N has pair N - 1.
        start: where to begin.
        ends: if given, the end of each chunk is added here before it is yielded; None where it is not known.

    Raises:
        DataError: the first fault of a file, or unequal line counts, after all whole chunks before it were yielded.
    """

    def side(path: Path, first: int) -> tuple[Iterator[Texts], LineEnds]:
        blocks = read_blocks(path, whole=chunk == sys.maxsize, start=first)
        line_ends = LineEnds(blocks, first, start.pairs)
        passed = blocks if ends is None else line_ends  # to know where lines end takes time
        return _chunks(parse_blocks(passed, str(path), rules, 1, bad, start.pairs + 1), chunk), line_ends

    (queries, query_ends), (values, value_ends) = side(query, start.query), side(value, start.value)
    done, nothing = start.pairs, Texts.concatenate([])
    for query_texts, value_texts in zip_longest(queries, values, fillvalue=nothing):
        if len(query_texts) != len(value_texts):
            n_query = done + len(query_texts) + sum(map(len, queries))
            n_value = done + len(value_texts) + sum(map(len, values))
            raise _unequal(query, n_query, value, n_value)
        done += len(query_texts)
        if ends is not None:
            query_end, value_end = query_ends.behind(done), value_ends.behind(done)
            ends.append(Position(done, query_end, value_end) if query_end and value_end else None)
        yield Pairs(query_texts, value_texts)


def iter_tsv(
    stream: BinaryIO,
    rules: TextRules,
    chunk: int = 65536,
    name: str = "<stdin>",
    bad: list[BadLine] | None = None,
) -> Iterator[Pairs]:
    """Yields the pairs of a stream of `query<TAB>value` lines, in chunks like those of `iter_pairs`.

    Raises:
        DataError: the first fault, which may be a missing or a second tab; `name` stands for the stream in the message.
    """
    for texts in _chunks(parse_blocks(stream_blocks(stream, name), name, rules, 2, bad), 2 * chunk):
        sides = np.arange(len(texts)).reshape(-1, 2)
        yield Pairs(texts.take(sides[:, 0]), texts.take(sides[:, 1]))


def _chunks(parts: Iterable[tuple[NDArray[np.int32], NDArray[np.int64]]], chunk: int) -> Iterator[Texts]:
    """Yields the texts that `parse_blocks` yields in parts, `chunk` at a time, and then those that are left."""
    ids_parts, ends_parts = [np.empty(0, np.int32)], [np.zeros(1, np.int64)]
    n_tokens = n_texts = 0
    for part_ids, part_ends in parts:
        ids_parts.append(part_ids)
        ends_parts.append(part_ends + n_tokens)
        n_tokens += len(part_ids)
        n_texts += len(part_ends)
        if n_texts < chunk:
            continue
        ids, offsets = np.concatenate(ids_parts), np.concatenate(ends_parts)
        whole = n_texts - n_texts % chunk
        for first in range(0, whole, chunk):
            yield _slice(ids, offsets[first : first + chunk + 1])
        rest = int(offsets[whole])
        ids_parts, ends_parts = [ids[rest:]], [offsets[whole:] - rest]
        n_tokens, n_texts = n_tokens - rest, n_texts - whole
    if n_texts:
        yield _slice(np.concatenate(ids_parts), np.concatenate(ends_parts))


def _slice(ids: NDArray[np.int32], offsets: NDArray[np.int64]) -> Texts:
    return Texts(ids[offsets[0] : offsets[-1]], offsets - offsets[0])


def _unequal(first: Path, n_first: int, second: Path, n_second: int) -> DataError:
    return DataError(f"{first}: {n_first} lines, but {second}: {n_second} lines; line N of each belongs to pair N")
