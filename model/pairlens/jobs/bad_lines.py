"""The faulty lines that a job has skipped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pairlens.texts.token_faults import BadLine

_SHOWN = 10  # faults that are reported at the end


class BadLines(NamedTuple):
    """The number of pairs with a faulty line, the number of faults, and the messages of the first ones."""

    pairs: int = 0
    faults: int = 0
    first: Sequence[str] = ()

    def plus(self, bad: Sequence[BadLine]) -> BadLines:
        more = map(str, bad[: _SHOWN - len(self.first)])
        return BadLines(self.pairs + len({line.line for line in bad}), self.faults + len(bad), [*self.first, *more])
