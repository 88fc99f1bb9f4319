"""Attention scores: of one pair, and of many pairs in one ragged array."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pairlens.texts.texts import Texts, offsets_of
from pairlens.texts.words import TokenizedText, words_of

Floats = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class PairAttention:
    """The attention of one pair.

    Attributes:
        query, value: int32 ids [Tq], [Tv].
        scores: float32 [Tq, Tv] after mask and softmax, as the Keras layer's `return_attention_scores` gives them.
        value_scores: float32 [Tv, Tq], the value's attention to the query, with `direction: both`; else None.
        texts: the tokenized texts, if they were given as text; None if they were given as ids.
    """

    query: NDArray[np.int32]
    value: NDArray[np.int32]
    scores: Floats
    value_scores: Floats | None = None
    texts: tuple[TokenizedText, TokenizedText] | None = None

    def with_texts(self, query: TokenizedText, value: TokenizedText) -> PairAttention:
        """The same with these texts, cut to the tokens that the network saw."""
        return replace(self, texts=(query.first(len(self.query)), value.first(len(self.value))))

    def words(self, vocabulary: Sequence[str] | None) -> tuple[list[str], list[str]]:
        """The word of each token of both texts: as written in the text if that is known, else from the vocabulary."""
        if self.texts is not None:
            return self.texts[0].words, self.texts[1].words
        return words_of(self.query, vocabulary), words_of(self.value, vocabulary)

    def marked_words(self, vocabulary: Sequence[str] | None) -> tuple[list[str], list[str]]:
        """As `words`, for display: a mark follows each word of a text that is not in the vocabulary."""
        if self.texts is not None:
            return self.texts[0].marked, self.texts[1].marked
        return self.words(vocabulary)


@dataclass(frozen=True, slots=True, eq=False)
class Maps:
    """The attention of many pairs; an item is a `PairAttention` of views.

    Attributes:
        query, value: the texts.
        scores: [cells], the matrices [Tq, Tv] of all pairs, flattened row by row and concatenated.
        value_scores: [cells], the same for the matrices [Tv, Tq] with `direction: both`; else None.
    """

    query: Texts
    value: Texts
    scores: Floats
    value_scores: Floats | None = None

    def __len__(self) -> int:
        return len(self.query)

    def __iter__(self) -> Iterator[PairAttention]:
        q, v, cells = self.query.offsets.tolist(), self.value.offsets.tolist(), self.offsets.tolist()
        for i in range(len(self)):
            Tq, Tv, part = q[i + 1] - q[i], v[i + 1] - v[i], slice(cells[i], cells[i + 1])
            yield PairAttention(
                self.query.ids[q[i] : q[i + 1]],
                self.value.ids[v[i] : v[i + 1]],
                self.scores[part].reshape(Tq, Tv),
                None if self.value_scores is None else self.value_scores[part].reshape(Tv, Tq),
            )

    @property
    def offsets(self) -> NDArray[np.int64]:
        """int64 [pairs + 1]: pair i has the cells `offsets[i]` to `offsets[i + 1]`."""
        return offsets_of(self.query.lengths * self.value.lengths)

    def finite(self) -> NDArray[np.bool_]:
        """True for the pairs [pairs] whose scores are all finite."""
        finite = np.ones(len(self), np.bool_)
        for scores in (self.scores, self.value_scores):
            if scores is not None and not (cells := np.isfinite(scores)).all():
                finite[np.searchsorted(self.offsets, np.flatnonzero(~cells), side="right") - 1] = False
        return finite

    def take(self, indices: NDArray[np.int64]) -> Maps:
        """The maps at `indices` [n], in that order."""
        before, of_both = self.offsets, [self.scores, self.value_scores]
        scores, value_scores = (
            None if cells is None else np.concatenate([cells[:0], *(cells[before[i] : before[i + 1]] for i in indices)])
            for cells in of_both
        )
        assert scores is not None
        return Maps(self.query.take(indices), self.value.take(indices), scores, value_scores)

    def astype(self, dtype: DTypeLike) -> Maps:
        """The same maps with scores of another type."""
        other = None if self.value_scores is None else self.value_scores.astype(dtype, copy=False)
        return replace(self, scores=self.scores.astype(dtype, copy=False), value_scores=other)

    def cropped(self, query: Texts, value: Texts) -> Maps:
        """The maps without padding: the upper left corners that belong to these shorter texts."""
        if len(query.ids) == len(self.query.ids) and len(value.ids) == len(self.value.ids):
            return self
        pairs, other = list(self), None
        sizes = list(zip(query.lengths.tolist(), value.lengths.tolist(), strict=True))
        none = np.empty(0, np.float32)
        crops = [pair.scores[:Tq, :Tv].ravel() for pair, (Tq, Tv) in zip(pairs, sizes, strict=True)]
        if self.value_scores is not None:
            both = [(pair.value_scores, size) for pair, size in zip(pairs, sizes, strict=True)]
            other = np.concatenate([none, *(w[:Tv, :Tq].ravel() for w, (Tq, Tv) in both if w is not None)])
        return Maps(query, value, np.concatenate([none, *crops]), other)
