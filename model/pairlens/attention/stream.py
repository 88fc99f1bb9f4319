"""The attention of selected pairs, as a stream in bounded memory."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from pairlens.attention.selection import Ints, Selection, draw, named, one_score
from pairlens.config.schema import Config
from pairlens.errors import DataError, PairlensError, UsageError
from pairlens.scoring.logits import OVERFLOW
from pairlens.scoring.maps import Maps, PairAttention
from pairlens.scoring.memory import too_large_maps
from pairlens.scoring.padding import seen_lengths, without_too_long
from pairlens.scoring.scorer import Scorer
from pairlens.texts.pairs import Chunk, Pairs
from pairlens.texts.sources import PairSource, located
from pairlens.texts.splits import text_rules
from pairlens.texts.token_faults import BadLine
from pairlens.texts.words import TokenizedText

PassOver = Callable[[Sequence[BadLine]], object]

_CHUNK = 8192


@dataclass(frozen=True, slots=True, eq=False)
class ScoredMaps:
    """Some pairs of a file with their attention; an item is (number, attention, score as one number).

    Attributes:
        pair: int64 [pairs], their numbers in the file, from 0, ascending.
        score: the model's output, float32 [pairs]; for a multiclass model, the class probabilities [pairs, classes].
        maps: their attention.
        texts: returns both texts of each pair if they were given as text, else None.
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
    """Yield the selected pairs of a source in order, in bounded memory; read no further than necessary.

    For a sample the source is read twice: to draw the pairs, then to compute their maps.

    Args:
        cell_bytes: the bytes that the caller needs for each attention score in addition to the map.
        pass_over: called with the faults of selected pairs, which are then skipped; without it, the first fault is
            raised. Faults are faulty lines, maps that need more memory than is available, and overflows.

    Raises:
        UsageError: a pair in `selection.pairs` does not exist, or a sample is requested from a stream.
        DataError: a faulty line, or a map that is too large. PairlensError: a score or attention is not finite.
    """
    files = _Pairs(scorer, source, cell_bytes, pass_over)
    sample = None
    if selection.sample is not None:
        if not source.repeatable:
            raise UsageError(
                f"{source.names[0]}: --sample reads the texts twice, which a stream does not allow; give files"
            )
        numbers = (first + chosen for first, _, chosen in files.selected(selection))
        sample = draw(numbers, selection.sample, selection.seed)
        selection = Selection()
    remaining = sys.maxsize if selection.limit is None else selection.limit
    for first, chunk, selected in files.selected(selection, sample):
        done = 0
        while remaining and done < len(selected):  # another pair takes the place of one that is skipped
            chosen = selected[done : done + remaining]
            for maps in files.attend(first, chunk, chosen):
                yield maps
                remaining -= len(maps)
            done += len(chosen)
        if not remaining:
            return


def pairs_read(config: Config) -> int:
    """The number of pairs that are read at once, whole batches; their maps are computed in smaller parts."""
    batch = config.training.batch_size
    return max(_CHUNK // batch, 1) * batch


class _Pairs:
    """The pairs of a source; for arguments and errors see `attend_pairs`."""

    def __init__(self, scorer: Scorer, source: PairSource, cell_bytes: int, pass_over: PassOver | None) -> None:
        self._scorer, self._source = scorer, source
        self._cell_bytes, self._pass_over = cell_bytes, pass_over

    def selected(self, selection: Selection, sample: Ints | None = None) -> Iterator[tuple[int, Chunk, Ints]]:
        """Yield (number of its first pair, chunk, indices of the selected pairs) for each chunk of the source.

        If there is a sorted `sample` of pair numbers, it selects the pairs. The limit is ignored.
        """
        ranges = selection.ranges()
        last = None if ranges is None else max(numbers.stop for numbers in ranges)
        if sample is not None:
            last = int(sample[-1]) + 1 if len(sample) else 0
        # Faults in lines of other pairs do not matter, except with `masking: none`, where a batch is scored together.
        any_fault = self._pass_over is None and (ranges is None or self._scorer.config.model.masking == "none")
        first = self._source.start.pairs
        for chunk in self._chunks(any_fault):
            pairs = chunk.pairs
            chosen = named(range(first, first + len(pairs)), ranges, sample)
            chosen = self._readable(chosen, first, chunk.bad)
            if selection.sample is not None and self._pass_over:  # a sample must not contain skipped pairs
                chosen = self._that_fit(pairs, chosen, first)
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
                f"--pairs: there is no pair {max(missing.start, first)}; "
                f"{self._source.names[0]} has {first}, numbered from 0"
            )

    def attend(self, first: int, chunk: Chunk, chosen: Ints) -> Iterator[ScoredMaps]:
        """Yield the maps of the chosen pairs of a chunk, whose first pair has the number `first`."""
        pairs = chunk.pairs
        chosen = self._that_fit(pairs, chosen, first)
        number = first + chosen
        if self._scorer.config.model.masking == "exact":  # with `masking: none`, a batch is scored together
            pairs, chosen = pairs.take(chosen), np.arange(len(chosen))
        finite, score = self._scored(pairs, chosen, number)
        number, done = number[finite], 0
        for maps in self._scorer.maps(pairs.query, pairs.value, chosen[finite]):
            part = slice(done, done + len(maps))
            good = maps.finite()
            self._overflow(number[part][~good])
            if good.any():
                kept = maps if good.all() else maps.take(np.flatnonzero(good))
                shown = number[part][good]
                texts = partial(self._source.texts, chunk.given, (shown - first).tolist())
                yield ScoredMaps(shown, score[part][good], kept, texts)
            done += len(maps)

    def _chunks(self, any_fault: bool) -> Iterator[Chunk]:
        """Yield chunks with the faults of their lines; with `any_fault`, raise the first fault."""
        config = self._scorer.config
        batch, first = config.training.batch_size, self._source.start.pairs
        for chunk in self._source.chunks(text_rules(config), pairs_read(config), not any_fault):
            pairs, too_long = chunk.pairs, list[BadLine]()
            if config.model.masking == "none":
                fault = partial(self._too_long, first)
                pairs, too_long = without_too_long(pairs, batch, fault)
                if any_fault and too_long:
                    raise DataError(str(too_long[0]))
            yield chunk._replace(pairs=pairs, bad=[*chunk.bad, *too_long])
            first += len(pairs)

    # ---- the chosen pairs without a fault; faults of the others are raised, or reported and skipped ------------------

    def _readable(self, chosen: Ints, first: int, faults: Sequence[BadLine]) -> Ints:
        bad = np.array([fault.line - 1 - first for fault in faults], np.int64)
        concerns = np.isin(bad, chosen).tolist()
        self._fault([fault for fault, does in zip(faults, concerns, strict=True) if does], DataError)
        return chosen[~np.isin(chosen, bad)]

    def _that_fit(self, pairs: Pairs, chosen: Ints, first: int) -> Ints:
        config = self._scorer.config
        query, value = (seen_lengths(config, side.lengths)[chosen] for side in (pairs.query, pairs.value))
        found = too_large_maps(config, query, value, self._cell_bytes)
        self._fault([self._of_pair(first + int(chosen[i]), message) for i, message in found.items()], DataError)
        return np.delete(chosen, list(found))

    def _scored(self, pairs: Pairs, chosen: Ints, number: Ints) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
        """True for the chosen pairs with finite scores, and these scores; `number` are the pairs' numbers."""
        [(_, logits)] = self._scorer.stream([Chunk(pairs)])
        finite = logits.finite()[chosen]
        self._overflow(number[~finite])
        return finite, logits.scores()[chosen[finite]]

    def _overflow(self, numbers: Ints) -> None:
        self._fault([self._of_pair(number, OVERFLOW) for number in numbers.tolist()], PairlensError)

    def _too_long(self, first: int, index: int, message: str, side: int) -> BadLine:
        return located(self._source, first + index, message, side)

    def _of_pair(self, number: int, message: str) -> BadLine:
        return located(self._source, number, message)

    def _fault(self, faults: Sequence[BadLine], error: type[PairlensError]) -> None:
        if faults and self._pass_over is None:
            raise error(str(faults[0]))
        if faults and self._pass_over:
            self._pass_over(faults)
