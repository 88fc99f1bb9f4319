"""Call kernels with each array next to an inaccessible page: an access outside the array ends the process.

python guard_pages.py 1200     scores 1200 random networks twice: next to the page after each array, then before it
"""

from __future__ import annotations

import ctypes
import mmap
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent.parent))

from models import Case, cases, split_configs

from pairlens.kernels import loader
from pairlens.kernels.arguments import Argument, Signature
from pairlens.scoring.encoded_pairs import EncodedPairs
from pairlens.scoring.logits import Logits
from pairlens.scoring.reference import score_pair
from pairlens.scoring.scorer import Scorer
from pairlens.texts.texts import Texts

PAGE = mmap.PAGESIZE
PROT_NONE, PROT_ALL = 0, mmap.PROT_READ | mmap.PROT_WRITE
libc = ctypes.CDLL(None, use_errno=True)


class Guarded:
    """A copy of an array between two guard pages, adjacent to the one after it (`behind`) or before it."""

    def __init__(self, x: NDArray[Any], behind: bool) -> None:
        pages = -(-x.nbytes // PAGE) + 2
        self._map = mmap.mmap(-1, pages * PAGE)
        start = ctypes.addressof(ctypes.c_char.from_buffer(self._map))
        end = start + (pages - 1) * PAGE
        self._guards = start, end
        self._protect(PROT_NONE)
        self.address = end - x.nbytes if behind else start + PAGE
        ctypes.memmove(self.address, x.ctypes.data, x.nbytes)

    def _protect(self, protection: int) -> None:
        for guard in self._guards:
            if libc.mprotect(ctypes.c_void_p(guard), PAGE, protection):
                raise OSError(ctypes.get_errno(), "mprotect")

    def release(self) -> None:
        self._protect(PROT_ALL)


def array_of(argument: Argument, row: NDArray[np.int64]) -> NDArray[Any]:
    """The array that a row of a kernel's table describes."""
    address, *shape = row[: 1 + argument.rank].tolist()
    size = argument.dtype.itemsize * int(np.prod(shape))
    return np.frombuffer((ctypes.c_char * size).from_address(address), argument.dtype).reshape(shape)


@contextmanager
def guard_pages(behind: bool) -> Iterator[None]:
    """Call every kernel in this context with guarded copies, and copy its results back."""
    run = loader.run

    def run_guarded(signature: Signature, table: NDArray[np.int64]) -> None:
        arrays = [array_of(argument, row) for argument, row in zip(signature.arguments.values(), table, strict=True)]
        copies = {(x.ctypes.data, x.nbytes): Guarded(x, behind) for x in arrays}  # one array may have two names
        guarded = table.copy()
        guarded[:, 0] = [copies[x.ctypes.data, x.nbytes].address for x in arrays]
        run(signature, guarded)
        for (address, size), copy in copies.items():
            ctypes.memmove(address, copy.address, size)
            copy.release()

    loader.run = run_guarded
    try:
        yield
    finally:
        loader.run = run


def score_guarded(case: Case, behind: bool) -> None:
    """Check that scores and maps computed with guard pages equal the reference's."""
    scorer = Scorer(case.config, case.weights, threads=1)
    with guard_pages(behind):
        scores, maps = scorer.score(case.queries, case.values), scorer.attend(case.queries, case.values)
    i = len(case.queries) - 1
    scored = score_pair(case.config, case.weights, case.queries[i], case.values[i])
    np.testing.assert_allclose(scores[i], scored.score, rtol=0, atol=1e-5)
    np.testing.assert_allclose(maps[i].scores, scored.scores, rtol=0, atol=1e-5)


def rank_guarded(case: Case, behind: bool) -> None:
    """Check that the score of the last pair, computed with all others and with guard pages, equals the reference's."""
    queries, candidates = Texts.from_lists(case.queries), Texts.from_lists(case.values)
    pairs = EncodedPairs(case.config, case.weights, len(candidates.ids))
    with guard_pages(behind):
        *_, logits = pairs.logits(pairs.prepare(queries), candidates)
    scored = score_pair(case.config, case.weights, case.queries[-1], case.values[-1])
    score = Logits(case.config.task, (logits[-1, -1:],)).scores()
    np.testing.assert_allclose(score, [scored.score], rtol=0, atol=1e-5)


def main(networks: int) -> None:
    @settings(max_examples=networks, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(case=cases(), split=cases(split_configs()))
    def check(case: Case, split: Case) -> None:
        for behind in (True, False):
            score_guarded(case, behind)
            rank_guarded(split, behind)

    check()
    print(f"{2 * networks} random networks: nothing outside of an array was accessed")


if __name__ == "__main__":
    main(int(sys.argv[1]))
