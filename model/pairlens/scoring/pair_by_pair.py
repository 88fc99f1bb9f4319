"""Every query with every candidate for any network: each pair is scored as if it were given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pairlens.config.schema import Config
from pairlens.kernels.threads import Each
from pairlens.scoring.scorer import Scorer
from pairlens.scoring.windows import parts
from pairlens.texts.texts import Texts

Floats = NDArray[np.float32]

_PAIR_TOKENS = 1 << 20  # of all pairs that are scored together, unless a single one has more
_FEWEST_PAIRS = 16_384  # of a block with few queries, to hide Python's overhead


class PairByPair:
    """See `AllPairs`."""

    most_queries, most_tokens = 256, 65_536
    most_candidates = 256

    def __init__(self, config: Config, weights: Mapping[str, Floats]) -> None:
        self._scorer = Scorer(config, weights, threads=1)

    def blocks(self, queries: Texts, candidates: Texts) -> Iterator[tuple[int, int]]:
        most = max(self.most_candidates, _FEWEST_PAIRS // len(queries))
        before = len(queries) * candidates.offsets + len(queries.ids) * np.arange(len(candidates) + 1)
        yield from parts(before, most, _PAIR_TOKENS)

    def prepare(self, queries: Texts, each: Each = map) -> Sequence[Texts]:  # noqa: ARG002
        return [
            queries.take(np.arange(*block)) for block in parts(queries.offsets, self.most_queries, self.most_tokens)
        ]

    def logits(self, prepared: Sequence[Texts], candidates: Texts) -> Iterator[Floats]:
        for queries in prepared:
            logits = np.empty((len(queries), len(candidates)), np.float32)
            query, candidate = np.indices(logits.shape).reshape(2, -1)
            before = np.append(0, np.cumsum(queries.lengths[query] + candidates.lengths[candidate]))
            for start, stop in parts(before, logits.size, _PAIR_TOKENS):
                some = queries.take(query[start:stop]), candidates.take(candidate[start:stop])
                logits.ravel()[start:stop] = self._scorer.logits(*some).merged()
            yield logits
