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

_PAIR_TOKENS = 1 << 20  # of all pairs of a block together
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
            pairs = np.indices((len(queries), len(candidates))).reshape(2, -1)
            logits = self._scorer.logits(queries.take(pairs[0]), candidates.take(pairs[1])).merged()
            yield logits.reshape(len(queries), len(candidates))
