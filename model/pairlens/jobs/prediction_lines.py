"""Formats labels and scores of labelled pairs, as `evaluate --predictions` writes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO

import numpy as np
from numpy.typing import NDArray

from pairlens.compression import end_member
from pairlens.scoring.decimals import decimal_lines
from pairlens.scoring.logits import Logits
from pairlens.texts.pairs import Chunk

Floats = NDArray[np.float32]


class PredictionWriter:
    """Writes the label and the score of each pair, or one probability per class, separated by tabs.

    Args:
        labels: float32 [pairs].
        classes: the number of classes of a multiclass model.
        first: the number of the first label's pair.
    """

    def __init__(self, labels: Floats, classes: int | None, first: int = 0) -> None:
        self._labels, self._classes, self._first = labels, classes, first

    def head(self) -> str:
        names = [f"score_{c}" for c in range(self._classes)] if self._classes else ["score"]
        return "\t".join(["label", *names]) + "\n"

    def lines(self, first: int, chunk: Chunk, logits: Logits, faults: Mapping[int, str]) -> str:  # noqa: ARG002
        """See `Writer`; faults are not skipped, so that there are none."""
        return self._lines(first, logits.scores())

    def write_all(self, file: IO[str], scores: Floats, chunk: int) -> None:
        """Write the predictions of all pairs, a chunk at a time, with scores [pairs] or [pairs, classes]."""
        file.write(self.head())
        end_member(file)
        for first in range(0, len(scores), chunk):
            file.write(self._lines(first, scores[first : first + chunk]))
            end_member(file)

    def _lines(self, first: int, scores: Floats) -> str:
        labels = self._labels[first - self._first :][: len(scores)]
        return decimal_lines(np.column_stack([labels, scores])).replace(" ", "\t")
