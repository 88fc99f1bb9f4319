"""The attention of the pairs that are selected, as a stream of bounded memory."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from pairlens.attention.selection import Ints, Selection, draw, named, one_score
from pairlens.errors import DataError, PairlensError, UsageError
from pairlens.scoring.logits import OVERFLOW
from pairlens.scoring.maps import Maps, PairAttention
from pairlens.scoring.memory import too_large_maps
from pairlens.scoring.padding import seen_lengths, without_too_long
from pairlens.scoring.scorer import Scorer
from pairlens.texts.pairs import Chunk, Pairs
from pairlens.texts.sources import PairSource
from pairlens.texts.splits import text_rules
from pairlens.texts.token_faults import BadLine
from pairlens.texts.words import TokenizedText

PassOver = Callable[[Sequence[BadLine]], object]

_CHUNK = 8192  # pairs that are read at once; their maps are made in smaller parts


@dataclass(frozen=True, slots=True, eq=False)
class ScoredMaps:
    """Some pairs of a file; an item is (its number, its attention, its score as one number).

    Attributes:
        pair: int64 [pairs], their numbers in the file, from 0, ascending.
        score: the model's output, float32 [pairs]; of a multiclass model the classes' probabilities [pairs, classes].
        maps: their attention.
        texts: gives both texts of each, if they were given as texts.
    """

    pair: Ints
    score: NDArray[np.float32]
    maps: Maps
    texts: Callable[[], Sequence[tuple[TokenizedText, TokenizedText]] | None] = lambda: None

    def __len__(self) -> int:
        return len(self.pair)

    def __iter__(self) -> Iterator[tuple[int, PairAttention, float]]:
        attentions: Iterable[PairAttention] = self.maps
        if texts := self.texts():
            attentions = (one.with_texts(*both) for one, both in zip(self.maps, texts, strict=True))
        return zip(self.pair.tolist(), attentions, one_score(self.score).tolist(), strict=True)


def attend_pairs(
    scorer: Scorer,
    source: PairSource,
    selection: Selection,
    cell_bytes: int = 0,
    pass_over: PassOver | None = None,
) -> Iterator[ScoredMaps]:
    """The selected pairs of a source, in their order, with bounded memory; reads no further than it must.

    With a sample it is read twice: to draw it, then for its maps.

    Args:
        cell_bytes: what is made of a map takes so many bytes beside it, for each of its numbers.
        pass_over: is told the faults of pairs that would be selected, which are then left out; else the first fault
            is raised. A fault is one of a line, a map that takes more memory than there is, or an overflow.

    Raises:
        UsageError: a pair that is named does not exist, or a sample is wanted of what can be read only once.
        DataError: a fault of a line, or a map that is too large. PairlensError: a score or attention is not finite.
    """
    files = _Pairs(scorer, source, cell_bytes, pass_over)
    sample = None
    if selection.sample is not None:
        if not source.repeatable:
            raise UsageError(f"{source.names[0]}: --sample reads the texts twice, so they must be files")
        numbers = (first + chosen for first, _, chosen in files.selected(selection))
        sample = draw(numbers, selection.sample, selection.seed)
        selection = Selection()
    left = sys.maxsize if selection.limit is None else selection.limit
    for first, chunk, selected in files.selected(selection, sample):
        done = 0
        while left and done < len(selected):  # a pair that is passed over makes room for another one
            chosen = selected[done : done + left]
            for maps in files.attend(first, chunk, chosen):
                yield maps
                left -= len(maps)
            done += len(chosen)
        if not left:
            return


class _Pairs:
    """The pairs of a source; see `attend_pairs` for the arguments and for what its methods raise."""

    def __init__(self, scorer: Scorer, source: PairSource, cell_bytes: int, pass_over: PassOver | None) -> None:
        self._scorer, self._source = scorer, source
        self._cell_bytes, self._pass_over = cell_bytes, pass_over

    def selected(self, selection: Selection, sample: Ints | None = None) -> Iterator[tuple[int, Chunk, Ints]]:
        """Chunks of the source: their first pair's number, themselves, and the indices of those that are selected.

        A sorted sample of numbers selects too, where there is one; the limit is not looked at.
        """
        ranges = selection.ranges()
        last = None if ranges is None else max(numbers.stop for numbers in ranges)
        if sample is not None:
            last = int(sample[-1]) + 1 if len(sample) else 0
        # Only the lines of the pairs that are named need be right; without masks, all of a batch matter to each other.
        any_fault = self._pass_over is None and (ranges is None or self._scorer.config.model.masking == "none")
        first = 0
        for chunk in self._chunks(any_fault):
            pairs = chunk.pairs
            chosen = named(range(first, first + len(pairs)), ranges, sample)
            chosen = self._readable(chosen, first, chunk.bad)
            if selection.sample is not None and self._pass_over:  # what is left out is not drawn
                chosen = self._holdable(pairs, chosen, first)
            if selection.by_score:
                finite, score = self._scored(pairs, chosen, first + chosen)
                chosen = chosen[finite][selection.fits(score)]
            yield first, chunk, chosen
            first += len(pairs)
            if last is not None and first >= last:
                return
        if ranges is not None:
            missing = next(numbers for numbers in ranges if numbers.stop > first)
            raise UsageError(
                f"--pairs: there is no pair {max(missing.start, first)}; {self._source.names[0]} has {first}, from 0"
            )

    def attend(self, first: int, chunk: Chunk, chosen: Ints) -> Iterator[ScoredMaps]:
        """Those chosen of some pairs, the first of which has the number `first`."""
        pairs = chunk.pairs
        chosen = self._holdable(pairs, chosen, first)
        number = first + chosen
        if self._scorer.config.model.masking == "exact":  # otherwise a batch's pairs matter to each other
            pairs, chosen = pairs.take(chosen), np.arange(len(chosen))
        finite, score = self._scored(pairs, chosen, number)
        number, done = number[finite], 0
        for maps in self._scorer.maps(pairs.query, pairs.value, chosen[finite]):
            part = slice(done, done + len(maps))
            whole = maps.finite()
            self._overflow(number[part][~whole])
            if whole.any():
                kept = maps if whole.all() else maps.take(np.flatnonzero(whole))
                shown = number[part][whole]
                texts = partial(self._source.texts, chunk.given, (shown - first).tolist())
                yield ScoredMaps(shown, score[part][whole], kept, texts)
            done += len(maps)

    def _chunks(self, any_fault: bool) -> Iterator[Chunk]:
        """Some pairs, and the faults of their lines; with `any_fault` the first one is raised."""
        config = self._scorer.config
        batch, first = config.training.batch_size, 0
        size = max(_CHUNK // batch, 1) * batch  # whole batches, which matter with `masking: none`
        for chunk in self._source.chunks(text_rules(config), size, not any_fault):
            pairs, too_long = chunk.pairs, list[BadLine]()
            if config.model.masking == "none":
                pairs, too_long = without_too_long(pairs, self._source.names, first + 1, batch)
                if any_fault and too_long:
                    raise DataError(str(too_long[0]))
            yield chunk._replace(pairs=pairs, bad=[*chunk.bad, *too_long])
            first += len(pairs)

    # ---- the chosen ones that have no fault; the faults of the others are raised, or told and passed over ------------

    def _readable(self, chosen: Ints, first: int, faults: Sequence[BadLine]) -> Ints:
        bad = np.array([fault.line - 1 - first for fault in faults], np.int64)
        concerns = np.isin(bad, chosen).tolist()
        self._fault([fault for fault, does in zip(faults, concerns, strict=True) if does], DataError)
        return chosen[~np.isin(chosen, bad)]

    def _holdable(self, pairs: Pairs, chosen: Ints, first: int) -> Ints:
        config = self._scorer.config
        query, value = (seen_lengths(config, side.lengths)[chosen] for side in (pairs.query, pairs.value))
        found = too_large_maps(config, query, value, self._cell_bytes)
        self._fault([self._of_pair(first + int(chosen[i]), message) for i, message in found.items()], DataError)
        return np.delete(chosen, list(found))

    def _scored(self, pairs: Pairs, chosen: Ints, number: Ints) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
        """Which of the chosen pairs, whose numbers these are, have a finite score, and those scores."""
        [(_, logits)] = self._scorer.stream([Chunk(pairs)])
        finite = logits.finite()[chosen]
        self._overflow(number[~finite])
        return finite, logits.scores()[chosen[finite]]

    def _overflow(self, numbers: Ints) -> None:
        self._fault([self._of_pair(number, OVERFLOW) for number in numbers.tolist()], PairlensError)

    def _of_pair(self, number: int, message: str) -> BadLine:
        return BadLine(self._source.names[0], number + 1, 1, message)

    def _fault(self, faults: Sequence[BadLine], error: type[PairlensError]) -> None:
        if faults and self._pass_over is None:
            raise error(str(faults[0]))
        if faults and self._pass_over:
            self._pass_over(faults)
