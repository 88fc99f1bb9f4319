"""Ranks candidates for queries: the best of all, and the ranks of those that are known to be relevant."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairlens.config.schema import Config
from pairlens.errors import PairlensError
from pairlens.kernels.threads import each_in, processors
from pairlens.scoring.all_pairs import AllPairs, all_pairs
from pairlens.scoring.best import NEVER, Best, best_of, joined, none_of
from pairlens.scoring.logits import OVERFLOW
from pairlens.scoring.pair_by_pair import PairByPair
from pairlens.scoring.windows import parts
from pairlens.texts.texts import Texts

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

_UNIT = 256  # queries
_MOST_PLACES = 1 << 20  # that are kept at a time, of all queries
_FEW = 4  # queries for which encoding the candidates for `EncodedPairs` costs more than scoring pair by pair
_WAITING = 32  # blocks whose best candidates may wait to be merged
_TOGETHER = 16  # relevant pairs that are scored at once, each query with each candidate
NO_PAIRS = np.zeros((0, 2), np.int64)


class Ranked(NamedTuple):
    """What was found for some queries: the best candidates, and the rank from 1 of each relevant one [pairs]."""

    best: Best
    ranks: Ints


class _Relevant(NamedTuple):
    """Pairs of a query and a relevant candidate, both int64 [pairs], and their logits [pairs]."""

    queries: Ints
    candidates: Ints
    logits: Floats

    def of(self, first: int, stop: int) -> _Relevant:
        """The pairs of the queries from `first` up to `stop`; the queries are ascending."""
        some = pairs_of(self.queries, first, stop)
        return _Relevant(self.queries[some], self.candidates[some], self.logits[some])


def pairs_of(queries: Ints, first: int, stop: int) -> slice:
    """Where the pairs of the queries from `first` up to `stop` are; `queries` [pairs] is ascending."""
    return slice(*np.searchsorted(queries, (first, stop)))


def places_of(count: int, candidates: int) -> int:
    """The number of places to keep of each query, if `count` are asked for: no more than there are candidates."""
    return min(count, max(candidates, 1))


def unit_of(count: int) -> int:
    """The number of queries at whose multiples they may be divided, when `count` places are kept of each."""
    return min(max(_MOST_PLACES // count, 1), _UNIT)


class Ranker:
    """Ranks candidates for queries, in bounded memory apart from the candidates' ids.

    Args:
        config, weights, threads: see `Scorer`; the texts' ids must be below the model's `input_dim`.
        count: the number of places; see `places_of`.
        exclude_same: leave out the candidate with the query's own number.

    Attributes:
        unit: see `unit_of`.
        chunk: the most queries to rank together, a multiple of the unit.

    Raises:
        RunError: the weights are not those of the config's model.
    """

    def __init__(
        self,
        config: Config,
        weights: Mapping[str, Floats],
        candidates: Texts,
        count: int,
        exclude_same: bool = False,
        threads: int | None = None,
    ) -> None:
        self._pairs = all_pairs(config, weights, len(candidates.ids))
        self._few = PairByPair(config, weights)
        self._candidates, self._exclude_same = candidates, exclude_same
        self._count = places_of(count, len(candidates))
        self._each = each_in(threads or processors())
        self.unit = unit_of(self._count)
        self.chunk = self.unit * max(min(self._pairs.most_queries, _MOST_PLACES // self._count) // self.unit, 1)

    def rank(
        self, queries: Texts, first: int, relevant: Ints = NO_PAIRS, report: Callable[[int], object] = lambda _: None
    ) -> Iterator[Ranked]:
        """Yield what was found for consecutive parts of the queries.

        Args:
            queries: at most `chunk`.
            first: the number of the first query.
            relevant: int64 [pairs, 2]: queries, from 0 in `queries` and in ascending order, each with a candidate.
            report: gets the numbers of pairs that were scored meanwhile.

        Raises:
            PairlensError: a score is not a finite number.
        """
        for start, stop, pairs in self._parts(queries):
            part, chosen = queries.take(np.arange(start, stop)), relevant[pairs_of(relevant[:, 0], start, stop)]
            yield self._merge_blocks(pairs, part, first + start, chosen - (start, 0), report)

    def _parts(self, queries: Texts) -> Iterator[tuple[int, int, AllPairs]]:
        """Yield the parts of the queries, from start to stop, each with what scores it.

        Whether a query is among the few after the last unit does not depend on how queries are divided among shards.
        """
        few = len(queries) % self.unit
        whole = len(queries) - (few if few <= _FEW else 0)
        for pairs, first, last in ((self._pairs, 0, whole), (self._few, whole, len(queries))):
            for start, stop in parts(queries.offsets[first : last + 1], len(queries), pairs.most_tokens):
                yield first + start, first + stop, pairs

    def _merge_blocks(
        self, pairs: AllPairs, queries: Texts, first: int, chosen: Ints, report: Callable[[int], object]
    ) -> Ranked:
        """What was found for some queries in all blocks of candidates, which threads search; see `rank`."""
        prepared = pairs.prepare(queries, self._each)
        relevant = _Relevant(chosen[:, 0], chosen[:, 1], self._logits_of(pairs, queries, chosen))
        blocks = [*pairs.blocks(queries, self._candidates)]
        best, ranks = none_of(len(queries)), np.ones(len(chosen), np.int64)
        for i in range(0, len(blocks), _WAITING):
            some = blocks[i : i + _WAITING]
            found = self._each(partial(self._search_block, pairs, prepared, first, relevant), some)
            for (start, stop), (its_best, before) in zip(some, found, strict=True):
                best, ranks = best.merged(its_best, self._count), ranks + before
                report(len(queries) * (stop - start))
        return Ranked(best, ranks)

    def _search_block(
        self, pairs: AllPairs, prepared: Sequence[Any], first: int, relevant: _Relevant, block: tuple[int, int]
    ) -> tuple[Best, Ints]:
        """The best candidates of a block, and how many of them come before each relevant one [pairs]."""
        start, stop = block
        best, before, done = [], [np.zeros(0, np.int64)], 0
        for logits in pairs.logits(prepared, self._candidates.take(np.arange(start, stop))):
            _refuse_overflow(logits, first + done, start)
            if self._exclude_same:
                _exclude_same(logits, first + done, start)
            before.append(_count_before(logits, start, done, relevant.of(done, done + len(logits))))
            best.append(best_of(logits, start, self._count))
            done += len(logits)
        return joined(best), np.concatenate(before)

    def _logits_of(self, pairs: AllPairs, queries: Texts, chosen: Ints) -> Floats:
        """The logits of some pairs [pairs, 2], as they are when all candidates are scored."""
        found = [np.zeros(0, np.float32)]
        for some in np.split(chosen, range(_TOGETHER, len(chosen), _TOGETHER)):
            if len(some):
                its_queries, row = np.unique(some[:, 0], return_inverse=True)
                prepared = pairs.prepare(queries.take(its_queries))
                blocks = pairs.logits(prepared, self._candidates.take(some[:, 1]))
                found.append(np.concatenate([*blocks])[row, np.arange(len(some))])
        return np.concatenate(found)


def _count_before(logits: Floats, first: int, done: int, relevant: _Relevant) -> Ints:
    """How many candidates of a block, from number `first` on, come before each relevant one: int64 [pairs].

    Each row is sorted once, so that a query with many relevant candidates takes little longer than one with few.
    """
    before = np.zeros(len(relevant.queries), np.int64)
    queries, starts, counts = np.unique(relevant.queries, return_index=True, return_counts=True)
    rows = np.sort(_places(logits[queries - done], np.arange(first, first + logits.shape[1])), axis=1)
    wanted = _places(relevant.logits, relevant.candidates)
    for row, start, stop in zip(rows, starts, starts + counts, strict=True):
        before[start:stop] = np.searchsorted(row, wanted[start:stop])
    return before


def _places(logits: Floats, candidates: Ints) -> Ints:
    """Integers in the order of a ranking: by descending logit, equal ones by candidate, which is below 2^32."""
    bits = np.subtract(0, logits).view(np.int32)  # 0 - x is never -0, which has other bits than 0
    ascending = bits ^ ((bits >> 31) & 0x7FFFFFFF)  # negative floats have the order of their magnitudes
    return (ascending.astype(np.int64) << 32) + candidates


def _exclude_same(logits: Floats, first_query: int, first_candidate: int) -> None:
    queries = np.arange(len(logits))
    candidates = queries + first_query - first_candidate
    inside = (candidates >= 0) & (candidates < logits.shape[1])
    logits[queries[inside], candidates[inside]] = NEVER


def _refuse_overflow(logits: Floats, first_query: int, first_candidate: int) -> None:
    if not np.isfinite(logits).all():
        query, candidate = np.argwhere(~np.isfinite(logits))[0].tolist()
        numbers = f"query {first_query + query + 1} and candidate {first_candidate + candidate + 1}"
        raise PairlensError(f"{numbers}: {OVERFLOW}")
