"""Which pairs of two files are looked at, and their attention as a stream of bounded memory."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pairlens.errors import DataError, PairlensError, UsageError
from pairlens.metrics.order import at_least, at_most
from pairlens.scoring.logits import OVERFLOW
from pairlens.scoring.maps import Maps, PairAttention
from pairlens.scoring.memory import refuse_too_large_maps
from pairlens.scoring.scorer import Scorer
from pairlens.texts.pairs import Pairs, iter_pairs
from pairlens.texts.splits import text_rules

Ints = NDArray[np.int64]

_CHUNK = 8192  # pairs that are read at once; their maps are made in smaller parts


@dataclass(frozen=True, slots=True, eq=False)
class ScoredMaps:
    """Some pairs of a file; an item is (its number, its attention, its score as one number).

    Attributes:
        pair: int64 [pairs], their numbers in the file, from 0, ascending.
        score: the model's output, float32 [pairs]; of a multiclass model the classes' probabilities [pairs, classes].
        maps: their attention.
    """

    pair: Ints
    score: NDArray[np.float32]
    maps: Maps

    def __len__(self) -> int:
        return len(self.pair)

    def __iter__(self) -> Iterator[tuple[int, PairAttention, float]]:
        return zip(self.pair.tolist(), self.maps, one_score(self.score).tolist(), strict=True)


def one_score(score: NDArray[np.float32]) -> NDArray[np.float32]:
    """One number a pair [pairs]: of a multiclass model, the probability of the class that it chooses."""
    return score if score.ndim == 1 else score.max(axis=1)


@dataclass(frozen=True, slots=True)
class Selection:
    """Pairs to choose: those that meet every condition.

    Attributes:
        pairs: such as `0,5-9`, counted from 0.
        min_score, max_score: bounds of the score, both included; see `one_score`.
        limit: only so many, the first ones.
        sample: only so many, each equally likely, drawn with `seed`.

    Raises:
        UsageError: `pairs` is not of this form, a bound is no number, or both a limit and a sample are wanted.
    """

    pairs: str | None = None
    min_score: float | None = None
    max_score: float | None = None
    limit: int | None = None
    sample: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.limit is not None and self.sample is not None:
            raise UsageError("--limit takes the first pairs, --sample any; give one of the two")
        if any(bound is not None and math.isnan(bound) for bound in (self.min_score, self.max_score)):
            raise UsageError("--min-score and --max-score must be numbers, such as 0.5")
        self.ranges()

    @property
    def by_score(self) -> bool:
        return self.min_score is not None or self.max_score is not None

    @property
    def is_all(self) -> bool:
        return self == Selection(seed=self.seed)

    @property
    def at_most_one(self) -> bool:
        """Whether it is plain that no two pairs can be selected."""
        ranges = self.ranges()
        named = None if ranges is None else set(chain.from_iterable(r[:2] for r in ranges))
        return 1 in (self.limit, self.sample) or (named is not None and len(named) == 1)

    def ranges(self) -> list[range] | None:
        """`pairs` as ranges."""
        return None if self.pairs is None else [_range(part, self.pairs) for part in self.pairs.split(",")]

    def fits(self, score: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Which scores lie within the bounds."""
        score, fits = one_score(score), np.ones(len(score), np.bool_)
        if self.min_score is not None:
            fits &= at_least(score, self.min_score)
        if self.max_score is not None:
            fits &= at_most(score, self.max_score)
        return fits


def _range(part: str, pairs: str) -> range:
    match = re.fullmatch(r"\s*([0-9]{1,18})(?:-([0-9]{1,18}))?\s*", part)
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
    if last < first:
        raise UsageError(f"--pairs {pairs}: must be numbers and ranges, counted from 0, such as 0,5-9")
    return range(first, last + 1)


def attend_files(scorer: Scorer, query: Path, value: Path, selection: Selection) -> Iterator[ScoredMaps]:
    """The selected pairs of two files, in their order, with bounded memory; reads no further than it must.

    With a sample the files are read twice: to draw it, then for its maps.

    Raises:
        UsageError: a pair that is named does not exist, or a sample is wanted of what can be read only once.
        DataError: a fault in a file. PairlensError: a pair has no finite score or attention.
    """
    sample = None
    if selection.sample is not None:
        for path in (query, value):
            if path.exists() and not path.is_file():
                raise UsageError(f"{path}: --sample reads the texts twice, so they must be files")
        numbers = (first + chosen for first, _, chosen in _selected(scorer, query, value, selection))
        sample = draw(numbers, selection.sample, selection.seed)
        selection = Selection()
    left = selection.limit
    for first, pairs, selected in _selected(scorer, query, value, selection, sample):
        chosen = selected[:left]
        yield from _attend(scorer, first, pairs, chosen)
        if left is not None and not (left := left - len(chosen)):
            return


def _attend(scorer: Scorer, first: int, pairs: Pairs, chosen: Ints) -> Iterator[ScoredMaps]:
    """Those chosen of some pairs, the first of which has the number `first`."""
    number = first + chosen
    refuse_too_large_maps(pairs.query.lengths[chosen], pairs.value.lengths[chosen], number + 1)
    if scorer.config.model.masking == "exact":  # otherwise a batch's pairs matter to each other
        pairs, chosen = pairs.take(chosen), np.arange(len(chosen))
    score = _scores(scorer, pairs, chosen, number)
    done = 0
    for maps in scorer.maps(pairs.query, pairs.value, chosen, first + 1):
        part = slice(done, done + len(maps))
        _refuse_overflow(maps, number[part])
        yield ScoredMaps(number[part], score[part], maps)
        done += len(maps)


def _scores(scorer: Scorer, pairs: Pairs, chosen: Ints, number: Ints) -> NDArray[np.float32]:
    """The scores of the pairs `chosen`, whose numbers in the file are `number`; raises as `attend_files` does."""
    logits = scorer.logits(pairs.query, pairs.value)
    if not (finite := logits.finite()[chosen]).all():
        raise PairlensError(f"pair {number[~finite][0]}: {OVERFLOW}")
    return logits.scores()[chosen]


def _refuse_overflow(maps: Maps, number: Ints) -> None:
    for scores in (maps.scores, maps.value_scores):
        if scores is not None and not (finite := np.isfinite(scores)).all():
            pair = np.searchsorted(maps.offsets, np.argmin(finite), side="right") - 1
            raise PairlensError(f"pair {number[pair]}: {OVERFLOW}")


def draw(numbers: Iterable[Ints], count: int, seed: int) -> Ints:
    """A uniform sample of a stream of numbers, sorted; the same for a seed, however the stream is cut into parts.

    Each number gets a random key, and those with the smallest keys stay.
    """
    random = np.random.default_rng(seed)
    keys, kept = np.empty(0), np.empty(0, np.int64)
    for some in numbers:
        keys, kept = np.concatenate([keys, random.random(len(some))]), np.concatenate([kept, some])
        if len(keys) > count:
            smallest = np.argpartition(keys, count - 1)[:count]
            keys, kept = keys[smallest], kept[smallest]
    return np.sort(kept)


def _selected(
    scorer: Scorer, query: Path, value: Path, selection: Selection, sample: Ints | None = None
) -> Iterator[tuple[int, Pairs, Ints]]:
    """Chunks of a file: their first pair's number, their pairs, and the indices of those that are selected.

    A sorted sample of numbers selects too, where there is one; the limit is not looked at.
    """
    ranges = selection.ranges()
    last = None if ranges is None else max(numbers.stop for numbers in ranges)
    if sample is not None:
        last = int(sample[-1]) + 1 if len(sample) else 0
    first = 0
    # Only the lines of the pairs that are named need be right; without masks, all of a batch matter to each other.
    pass_over = ranges is not None and scorer.config.model.masking == "exact"
    for pairs, bad, _ in iter_pairs(query, value, text_rules(scorer.config), _chunk_size(scorer), pass_over):
        chosen = _named(range(first, first + len(pairs)), ranges, sample)
        for line in bad:
            if line.line - 1 - first in chosen:
                raise DataError(str(line))
        if selection.by_score:
            chosen = chosen[selection.fits(_scores(scorer, pairs, chosen, first + chosen))]
        yield first, pairs, chosen
        first += len(pairs)
        if last is not None and first >= last:
            return
    if ranges is not None:
        missing = next(numbers for numbers in ranges if numbers.stop > first)
        raise UsageError(f"--pairs: there is no pair {max(missing.start, first)}; {query} has {first}, from 0")


def _named(numbers: range, ranges: list[range] | None, sample: Ints | None) -> Ints:
    """The indices of those numbers that are in the ranges or the sample."""
    if sample is not None:
        return sample[slice(*np.searchsorted(sample, [numbers.start, numbers.stop]))] - numbers.start
    if ranges is None:
        return np.arange(len(numbers))
    named = np.zeros(len(numbers), np.bool_)
    for some in ranges:
        named[max(some.start - numbers.start, 0) : max(some.stop - numbers.start, 0)] = True
    return np.flatnonzero(named)


def _chunk_size(scorer: Scorer) -> int:
    """Whole batches, which matter with `masking: none`."""
    batch = scorer.config.training.batch_size
    return max(_CHUNK // batch, 1) * batch
