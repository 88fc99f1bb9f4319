"""The faults of lines that a job has passed over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pairlens.texts.token_faults import BadLine

_SHOWN = 10  # faults that are told at the end


class BadLines(NamedTuple):
    """How many pairs have a line with a fault, how many faults there are, and the first of them as messages."""

    pairs: int = 0
    faults: int = 0
    first: Sequence[str] = ()

    def and_those(self, bad: Sequence[BadLine]) -> BadLines:
        more = map(str, bad[: _SHOWN - len(self.first)])
        return BadLines(self.pairs + len({line.line for line in bad}), self.faults + len(bad), [*self.first, *more])
