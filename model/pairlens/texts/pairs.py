"""Reading pairs from token files, whole or chunk by chunk in bounded memory."""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairlens.errors import DataError
from pairlens.locations.location import Location
from pairlens.texts.blocks import LineEnds, read_blocks, stream_blocks
from pairlens.texts.lines import LabelKind, read_groups, read_labels, read_sample_weights
from pairlens.texts.soft_labels import read_train_labels
from pairlens.texts.split_paths import SplitPaths
from pairlens.texts.texts import Texts
from pairlens.texts.token_faults import ONLY_PADDING, BadLine, TextRules
from pairlens.texts.tokens import parse_blocks


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Pair i is `query[i]` with `value[i]`.

    Attributes:
        label: the target of each pair, if known: float32 [pairs]; or [pairs, classes], the probability of each class.
        group: int64 [pairs], for ranking: the pairs of a group are ranked against each other.
        weight: the weight of each pair in training, float32 [pairs], if they differ.
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


def read_pairs(
    paths: SplitPaths, rules: TextRules, task: LabelKind, classes: int | None = None, soft: bool = False
) -> Pairs:
    """Read all pairs of a split, at least one. For `ranking` without a group file, equal queries form a group.

    Whole queries are compared, even if the network sees only their first tokens. With `soft`, labels may be
    probabilities; see `read_train_labels`.

    Raises:
        DataError: a file has a fault or no lines, or line counts differ.
    """
    by_query = task == "ranking" and not paths.group
    cut_later = by_query and rules.truncate
    whole = _all_pairs(paths, replace(rules, max_length=None) if cut_later else rules)
    label = (read_train_labels if soft else read_labels)(paths.label, task, classes) if paths.label else None
    group = read_groups(paths.group) if paths.group else groups_of(whole.query) if by_query else None
    pairs = _truncated(whole, paths, rules) if cut_later else whole
    weight = read_sample_weights(paths.weight) if paths.weight else None
    for path, numbers in ((paths.label, label), (paths.group, group), (paths.weight, weight)):
        if path and numbers is not None and len(numbers) != len(pairs):
            raise unequal(paths.query, len(pairs), path, len(numbers))
    return Pairs(pairs.query, pairs.value, label, group, weight)


def _all_pairs(paths: SplitPaths, rules: TextRules) -> Pairs:
    whole = next(iter_pairs(paths.query, paths.value, rules, chunk=sys.maxsize), None)
    if whole is None:
        raise DataError(f"{paths.query}: the file has no lines; nothing to train on or to evaluate")
    return whole.pairs


def _truncated(pairs: Pairs, paths: SplitPaths, rules: TextRules) -> Pairs:
    if rules.max_length is None:
        return pairs
    cut = Pairs(pairs.query.truncated(rules.max_length), pairs.value.truncated(rules.max_length))
    for path, texts in ((paths.query, cut.query), (paths.value, cut.value)):
        if not rules.allow_empty and not (words := texts.words(rules.mask_zero)).all():
            raise DataError(f"{path}:{int(np.argmin(words)) + 1}: {ONLY_PADDING}")
    return cut


def groups_of(query: Texts) -> NDArray[np.int64]:
    """A number for each query, equal for equal queries: int64 [pairs], from 0 in order of first appearance."""
    numbers: dict[bytes, int] = {}
    return np.fromiter((numbers.setdefault(text.tobytes(), len(numbers)) for text in query), np.int64, len(query))


class Position(NamedTuple):
    """A count of pairs, and the (decompressed) bytes that their lines take in the query and the value file."""

    pairs: int = 0
    query: int = 0
    value: int = 0


START = Position()


class Chunk(NamedTuple):
    """Consecutive pairs, the faults in their lines that were passed over, by line, and the position after them.

    Line N, from 1, has pair N - 1. The position is None if it was not requested or is unknown. `given` is what the
    pairs were converted from, if that was not ids.
    """

    pairs: Pairs
    bad: Sequence[BadLine] = ()
    end: Position | None = None
    given: object = None


def iter_pairs(
    query: Location,
    value: Location,
    rules: TextRules,
    chunk: int = 65536,
    pass_over: bool = False,
    start: Position = START,
    find_ends: bool = False,
    stop: Position | None = None,
) -> Iterator[Chunk]:
    """Yield the pairs of two files in chunks of exactly `chunk`, the last one shorter; nothing if there are no lines.

    Memory is bounded by the size of a chunk.

    Args:
        pass_over: replace lines with faults by harmless ones, and list the faults in the chunk.
        start, stop: where to begin and end; default: with the files.
        find_ends: find the position after each chunk, which takes time.

    Raises:
        DataError: the first fault of a file, or unequal line counts, after all whole chunks before it were yielded.
    """

    query_stop, value_stop = (stop.query, stop.value) if stop else (None, None)
    queries, values = (
        _Side(path, rules, chunk, bounds, start.pairs, pass_over, find_ends)
        for path, bounds in ((query, (start.query, query_stop)), (value, (start.value, value_stop)))
    )
    done, no_texts = start.pairs, Texts.concatenate([])
    for query_texts, value_texts in zip_longest(queries.texts, values.texts, fillvalue=no_texts):
        if len(query_texts) != len(value_texts):
            n_query = done + len(query_texts) + sum(map(len, queries.texts))
            n_value = done + len(value_texts) + sum(map(len, values.texts))
            raise unequal(query, n_query, value, n_value)
        done += len(query_texts)
        bad = sorted(_take(queries.bad, done) + _take(values.bad, done), key=_line)
        query_end, value_end = queries.ends.end_of(done), values.ends.end_of(done)
        end = Position(done, query_end, value_end) if query_end and value_end else None
        yield Chunk(Pairs(query_texts, value_texts), bad, end)


class _Side:
    """A file of texts in chunks, between two bytes, the first of which follows `done` lines.

    Attributes:
        bad: the faults found so far, some perhaps beyond the chunk that was read last.
        ends: where lines end; empty unless `find_ends`.
    """

    def __init__(
        self,
        path: Location,
        rules: TextRules,
        chunk: int,
        bounds: tuple[int, int | None],
        done: int,
        pass_over: bool,
        find_ends: bool,
    ) -> None:
        self.bad: list[BadLine] = []
        blocks = read_blocks(path, chunk == sys.maxsize, *bounds)
        self.ends = LineEnds(blocks, bounds[0], done)
        bad = self.bad if pass_over else None
        parts = parse_blocks(self.ends if find_ends else blocks, str(path), rules, 1, bad, done + 1)
        self.texts = in_chunks(parts, chunk)


def iter_tsv(
    stream: BinaryIO, rules: TextRules, chunk: int = 65536, name: str = "<stdin>", pass_over: bool = False
) -> Iterator[Chunk]:
    """Yield the pairs of a stream of `query<TAB>value` lines, in chunks like those of `iter_pairs`, without positions.

    Raises:
        DataError: the first fault, which may be a missing or a second tab; `name` is the stream's name in the message.
    """
    bad: list[BadLine] = []
    blocks, done = stream_blocks(stream, name), 0
    for texts in in_chunks(parse_blocks(blocks, name, rules, 2, bad if pass_over else None), 2 * chunk):
        sides = np.arange(len(texts)).reshape(-1, 2)
        done += len(sides)
        yield Chunk(Pairs(texts.take(sides[:, 0]), texts.take(sides[:, 1])), _take(bad, done))


def _take(bad: list[BadLine], last: int) -> list[BadLine]:
    """Remove the faults of the lines up to `last` from the list and return them."""
    count = bisect_right(bad, last, key=_line)
    taken, bad[:count] = bad[:count], []
    return taken


def _line(bad: BadLine) -> int:
    return bad.line


def in_chunks(parts: Iterable[tuple[NDArray[np.int32], NDArray[np.int64]]], chunk: int) -> Iterator[Texts]:
    """Yield the texts of `parse_blocks`, `chunk` at a time, and then the remaining ones."""
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


def unequal(first: Location, n_first: int, second: Location, n_second: int) -> DataError:
    return DataError(f"{first}: {n_first} lines, but {second}: {n_second} lines; line N of each belongs to pair N")
