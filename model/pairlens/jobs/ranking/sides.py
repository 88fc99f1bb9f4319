"""The texts of one side: queries or candidates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pairlens.jobs.input_files import InputFiles
from pairlens.tables.rows import PairRows
from pairlens.texts.pairs import Chunk
from pairlens.texts.texts import Texts
from pairlens.texts.words import words_of

if TYPE_CHECKING:
    from pairlens.texts.token_faults import TextRules
    from pairlens.tokenizer.tokenizer import Tokenizer

_CHUNK = 65_536  # texts that are read at a time


class Side(NamedTuple):
    """Texts, and how they were given if that was not as ids."""

    texts: Texts
    given: Sequence[str] | None = None

    def part(self, some: slice) -> Side:
        """Some of the texts."""
        chosen = np.arange(len(self.texts))[some]
        return Side(self.texts.take(chosen), self.given and self.given[some])

    def shown(self, i: int, vocabulary: Sequence[str] | None) -> str | list[int] | list[str]:
        """Text `i` as it was given; of ids, the words if there is a vocabulary."""
        if self.given is not None:
            return self.given[i]
        return self.texts[i].tolist() if vocabulary is None else words_of(self.texts[i], vocabulary)


def side_of(chunk: Chunk) -> Side:
    """The texts of a chunk of pairs of each text with itself."""
    return Side(chunk.pairs.query, chunk.given.query if isinstance(chunk.given, PairRows) else None)


def read_side(files: InputFiles, tokenizer: Callable[[], Tokenizer], rules: TextRules, keep_given: bool) -> Side:
    """Read all texts; as they were given only if that is to be kept. Raises DataError for the first fault."""
    texts, given = [], list[str]()
    for chunk in files.source(tokenizer).chunks(rules, _CHUNK):
        side = side_of(chunk)
        texts.append(side.texts)
        if keep_given:
            given += side.given or ()
    return Side(Texts.concatenate(texts), given or None)
