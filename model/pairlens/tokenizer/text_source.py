"""A source of pairs of ids that tokenizes pairs of texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pairlens.errors import DataError
from pairlens.tables.pairs import Pairs as RowPairs
from pairlens.tables.rows import PairRows
from pairlens.texts.pairs import START, Chunk, Pairs, Position
from pairlens.texts.texts import Texts, offsets_of
from pairlens.texts.token_faults import ONLY_PADDING, BadLine, TextRules
from pairlens.texts.words import TokenizedText
from pairlens.tokenizer.tokenizer import Tokenizer


@dataclass(frozen=True, slots=True)
class TextSource:
    """Pairs of texts, converted to pairs of ids. Each chunk has its rows in `given`.

    The rules for a line of ids apply to texts too; a text without any token is an empty text.

    Raises:
        DataError: the model has fewer ids than the tokenizer.
    """

    pairs: RowPairs
    tokenizer: Tokenizer
    files: tuple[Path, ...] = ()
    start: Position = START

    @property
    def names(self) -> tuple[str, str]:
        return self.pairs.names

    @property
    def repeatable(self) -> bool:
        return self.pairs.repeatable

    def texts(self, given: object, indices: Sequence[int]) -> list[tuple[TokenizedText, TokenizedText]]:
        assert isinstance(given, PairRows)
        texts = [side[i] for side in (given.query, given.value) for i in indices]
        shown = self.tokenizer.tokenized(texts)
        return list(zip(shown[: len(indices)], shown[len(indices) :], strict=True))

    def chunks(
        self,
        rules: TextRules,
        size: int,
        pass_over: bool = False,
        start: Position | None = None,
        find_ends: bool = False,  # noqa: ARG002
    ) -> Iterator[Chunk]:
        assert start in (None, self.start)
        if rules.input_dim is not None and len(self.tokenizer.vocabulary) > rules.input_dim:
            raise DataError(
                f"the tokenizer has {len(self.tokenizer.vocabulary):,} tokens, but the model takes ids below "
                f"{rules.input_dim:,}; it is not this run's tokenizer"
            )
        done = self.start.pairs
        for rows in self.pairs.rows(size, pass_over):
            yield self._chunk(rows, rules, pass_over, done)
            done += len(rows.rows)

    def _chunk(self, rows: PairRows, rules: TextRules, pass_over: bool, done: int) -> Chunk:
        count = len(rows.rows)
        texts = self.tokenizer.encode([*rows.query, *rows.value])
        if rules.truncate and rules.max_length:
            texts = texts.truncated(rules.max_length)
        faults = {index: (rows.name, message) for index, message in rows.faults.items()}
        for index, message in _faults(texts, rules).items():
            faults.setdefault(index % count, (self.names[index // count], message))
        bad = [
            BadLine(name, done + index + 1, 1, message, at=rows.rows[index].line)
            for index, (name, message) in sorted(faults.items())
        ]
        if bad and not pass_over:
            raise DataError(str(bad[0]))
        texts = _without(texts, [index + side for index in faults for side in (0, count)])
        query, value = (texts.take(np.arange(count) + first) for first in (0, count))
        return Chunk(Pairs(query, value), bad, None, rows)


def _faults(texts: Texts, rules: TextRules) -> dict[int, str]:
    """What is wrong with the texts that break the rules, by index."""
    found: dict[int, str] = {}
    if not rules.allow_empty:
        found |= dict.fromkeys(np.flatnonzero(texts.words(rules.mask_zero) == 0).tolist(), ONLY_PADDING)
        empty = "a text without tokens; add a word, or train with data.empty: score"
        found |= dict.fromkeys(np.flatnonzero(texts.lengths == 0).tolist(), empty)
    if rules.max_length:
        long = f"a text of more than {rules.max_length} tokens; raise data.max_length or set data.too_long: truncate"
        found |= dict.fromkeys(np.flatnonzero(texts.lengths > rules.max_length).tolist(), long)
    return found


def _without(texts: Texts, indices: list[int]) -> Texts:
    """The texts, with those at `indices` emptied."""
    if not indices:
        return texts
    lengths = texts.lengths
    kept = np.ones(len(texts), np.bool_)
    kept[indices] = False
    return Texts(texts.ids[np.repeat(kept, lengths)], offsets_of(lengths * kept))
