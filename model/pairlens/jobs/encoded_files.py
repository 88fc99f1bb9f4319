"""The files of an encoded split, and what is worth knowing about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from pairlens.errors import UsageError
from pairlens.files import whole_file
from pairlens.runs import names
from pairlens.texts.texts import Texts
from pairlens.tokenizer.tokenizer import Tokenizer

SIDES = ("query", "value", "label", "group", "weight", "id")
_LONGEST = 4096  # tokens; longer texts are counted as so long
_DISTINCT = 64  # labels that are counted one by one
UNKNOWN = 1  # the id of every word that is not in the vocabulary


@dataclass(slots=True)
class SplitFigures:
    """What a split holds.

    Attributes:
        pairs: written.
        dropped: rows left out because a text is empty.
        empty: texts without a token among those that were written.
        tokens, unknown: of both texts, and those of them that the vocabulary has no word for.
        labels: how many pairs have which; empty once there are more than 64 different ones.
        lengths: how many texts [4097] have so many tokens; the last counts all longer ones.
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
        """The length in tokens that such a share of the texts does not exceed."""
        before = np.cumsum(self.lengths)
        return [int(np.searchsorted(before, share * before[-1])) for share in shares]


class SplitWriter:
    """Writes `PREFIX.query.txt`, `PREFIX.value.txt` and whatever else its rows have; use it in a `with` block.

    All of them take their names when the block ends without an exception.

    Args:
        columns: the sides beside query and value.
    """

    def __init__(self, prefix: Path, columns: Sequence[str], replace: bool) -> None:
        self.paths = {side: Path(f"{prefix}.{side}.txt") for side in SIDES if side in ("query", "value", *columns)}
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
        """Some pairs, with a text of each other column for each."""
        self._files["query"].write(self._lines(query))
        self._files["value"].write(self._lines(value))
        for side, texts in columns.items():
            self._files[side].write("".join(f"{text}\n" for text in texts))
        self.figures.add(query, value, columns.get("label"))

    def _lines(self, texts: Texts) -> str:
        """The ids of each text on a line."""
        if len(texts.ids) and int(texts.ids.max()) >= len(self._digits):
            self._digits = [str(i) for i in range(int(texts.ids.max()) + 1)]
        words = list(map(self._digits.__getitem__, texts.ids.tolist()))
        ends = texts.offsets.tolist()
        return "".join([f"{' '.join(words[a:b])}\n" for a, b in pairwise(ends)])


def refuse_other_splits(directory: Path, splits: Iterable[str], tokenizer: Tokenizer) -> None:
    """Raises UsageError if a directory has another split than these, with ids of another tokenizer."""
    known, others = directory / names.TOKENIZER, {path.name for path in directory.glob("*.query.txt")}
    others -= {f"{split}.query.txt" for split in splits}
    if others and known.is_file() and Tokenizer.read(known).checksum != tokenizer.checksum:
        raise UsageError(
            f"{directory}: {min(others)} has ids of the vocabulary that would be replaced; encode that split, too, add "
            f"others with --like {directory}, or choose another directory"
        )
