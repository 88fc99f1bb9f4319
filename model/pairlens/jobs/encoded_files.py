"""Writes the files of an encoded split, and counts its figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import pairwise
from typing import IO

import numpy as np
from numpy.typing import NDArray

from pairlens.errors import UsageError
from pairlens.files import whole_file
from pairlens.locations.location import Location, with_ending
from pairlens.runs import names
from pairlens.texts.texts import Texts
from pairlens.tokenizer.tokenizer import Tokenizer

SIDES = ("query", "value", "label", "group", "weight", "id")
_LONGEST = 4096  # tokens; longer texts are counted in the last bin
_DISTINCT = 64  # labels that are counted separately
UNKNOWN = 1  # the id of every word that is not in the vocabulary


@dataclass(slots=True)
class SplitFigures:
    """Figures of a split.

    Attributes:
        pairs: number of pairs written.
        dropped: number of rows left out because a text is empty.
        empty: number of texts without tokens among those written.
        tokens, unknown: number of tokens of all texts, and of those that are not in the vocabulary.
        labels: number of pairs with each label, no longer counted once there are more than 64 (`many_labels`).
        lengths: int64 [4097], number of texts with each number of tokens; the last bin counts all longer ones.
    """

    pairs: int = 0
    dropped: int = 0
    empty: int = 0
    tokens: int = 0
    unknown: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    many_labels: bool = False
    lengths: NDArray[np.int64] = field(default_factory=lambda: np.zeros(_LONGEST + 1, np.int64))

    def add(self, query: Texts, value: Texts, labels: Sequence[str] | None) -> None:
        self.pairs += len(query)
        for texts in (query, value):
            self.empty += int((texts.lengths == 0).sum())
            self.tokens += len(texts.ids)
            self.unknown += int((texts.ids == UNKNOWN).sum())
            self.lengths += np.bincount(np.minimum(texts.lengths, _LONGEST), minlength=_LONGEST + 1)
        if labels is not None and not self.many_labels:
            self.labels.update(labels)
            self.many_labels = len(self.labels) > _DISTINCT

    def percentiles(self, *shares: float) -> list[int]:
        """For each share, the length in tokens that this share of the texts does not exceed."""
        before = np.cumsum(self.lengths)
        return [int(np.searchsorted(before, share * before[-1])) for share in shares]


class SplitWriter:
    """Writes `PREFIX.query.txt`, `PREFIX.value.txt` and files of the other columns; use it in a `with` block.

    The files get their names when the block ends without an exception.

    Args:
        columns: the sides other than query and value.
    """

    def __init__(self, prefix: Location, columns: Sequence[str], replace: bool) -> None:
        self.paths = {
            side: with_ending(prefix, f".{side}.txt") for side in SIDES if side in ("query", "value", *columns)
        }
        self.figures = SplitFigures()
        self._replace, self._stack = replace, ExitStack()
        self._files: dict[str, IO[str]] = {}
        self._digits: list[str] = []

    def __enter__(self) -> SplitWriter:
        with ExitStack() as stack:
            for side, path in self.paths.items():
                self._files[side] = stack.enter_context(whole_file(path, replace=self._replace))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error: object) -> bool | None:
        return self._stack.__exit__(*error)  # type: ignore[arg-type]

    def write(self, query: Texts, value: Texts, columns: Mapping[str, Sequence[str]]) -> None:
        """Write some pairs; `columns` has one text per pair for each other side."""
        self._files["query"].write(self._lines(query))
        self._files["value"].write(self._lines(value))
        for side, texts in columns.items():
            self._files[side].write("".join(f"{text}\n" for text in texts))
        self.figures.add(query, value, columns.get("label"))

    def _lines(self, texts: Texts) -> str:
        """The ids of each text, as one line each."""
        if len(texts.ids) and int(texts.ids.max()) >= len(self._digits):
            self._digits = [str(i) for i in range(int(texts.ids.max()) + 1)]
        words = list(map(self._digits.__getitem__, texts.ids.tolist()))
        ends = texts.offsets.tolist()
        return "".join([f"{' '.join(words[a:b])}\n" for a, b in pairwise(ends)])


def refuse_other_splits(directory: Location, splits: Iterable[str], tokenizer: Tokenizer) -> None:
    """Raises UsageError if the directory has a split other than these, with ids of another tokenizer."""
    known, others = directory / names.TOKENIZER, {path.name for path in directory.glob("*.query.txt")}
    others -= {f"{split}.query.txt" for split in splits}
    if others and known.is_file() and Tokenizer.read(known).checksum != tokenizer.checksum:
        raise UsageError(
            f"{directory}: {min(others)} has ids of the vocabulary that would be replaced; encode that split too, "
            f"keep the vocabulary with --like {directory}, or choose another directory"
        )
