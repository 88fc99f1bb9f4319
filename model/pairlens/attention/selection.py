"""Select pairs of a file: by number, by score, the first N, or a random sample."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from pairlens.errors import UsageError
from pairlens.metrics.order import at_least, at_most

Ints = NDArray[np.int64]


def one_score(score: NDArray[np.float32]) -> NDArray[np.float32]:
    """One score for each pair [pairs]: for a multiclass model, the probability of the predicted class."""
    return score if score.ndim == 1 else score.max(axis=1)


@dataclass(frozen=True, slots=True)
class Selection:
    """The conditions that selected pairs must meet.

    Attributes:
        pairs: numbers and ranges from 0, such as `0,5-9`.
        min_score, max_score: inclusive bounds of the score; see `one_score`.
        limit: select the first N pairs.
        sample: select N pairs uniformly at random, with `seed`.

    Raises:
        UsageError: `pairs` has another form, a bound is not a number, or both a limit and a sample are given.
    """

    pairs: str | None = None
    min_score: float | None = None
    max_score: float | None = None
    limit: int | None = None
    sample: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.limit is not None and self.sample is not None:
            raise UsageError("--limit selects the first pairs, --sample random ones; give one of them")
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
        """True if at most one pair can be selected, as far as that is known without reading the pairs."""
        ranges = self.ranges()
        named = None if ranges is None else set(chain.from_iterable(r[:2] for r in ranges))
        return 1 in (self.limit, self.sample) or (named is not None and len(named) == 1)

    def ranges(self) -> list[range] | None:
        """`pairs` as ranges."""
        return None if self.pairs is None else [_range(part, self.pairs) for part in self.pairs.split(",")]

    def fits(self, score: NDArray[np.float32]) -> NDArray[np.bool_]:
        """True for the scores within the bounds [pairs]."""
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
        raise UsageError(f"--pairs {pairs}: must be numbers and ranges from 0, such as 0,5-9")
    return range(first, last + 1)


def draw(numbers: Iterable[Ints], count: int, seed: int) -> Ints:
    """Draw `count` numbers uniformly at random from a stream, sorted; its division into parts changes nothing.

    Each number gets a random key, and the numbers with the smallest keys are kept.
    """
    random = np.random.default_rng(seed)
    keys, kept = np.empty(0), np.empty(0, np.int64)
    for part in numbers:
        keys, kept = np.concatenate([keys, random.random(len(part))]), np.concatenate([kept, part])
        if len(keys) > count:
            smallest = np.argpartition(keys, count - 1)[:count]
            keys, kept = keys[smallest], kept[smallest]
    return np.sort(kept)


def named(numbers: range, ranges: list[range] | None, sample: Ints | None) -> Ints:
    """The indices of the numbers that are in the sample, or else in the ranges; all if neither is given."""
    if sample is not None:
        return sample[slice(*np.searchsorted(sample, [numbers.start, numbers.stop]))] - numbers.start
    if ranges is None:
        return np.arange(len(numbers))
    named = np.zeros(len(numbers), np.bool_)
    for part in ranges:
        named[max(part.start - numbers.start, 0) : max(part.stop - numbers.start, 0)] = True
    return np.flatnonzero(named)
