"""The logits of every query with every candidate, block by block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pairlens.config.schema import Config
from pairlens.kernels.threads import Each
from pairlens.scoring.encoded_pairs import EncodedPairs, can_be_split
from pairlens.scoring.scorer import Scorer
from pairlens.scoring.windows import parts
from pairlens.texts.texts import Texts

Floats = NDArray[np.float32]


class AllPairs(Protocol):
    """Scores queries with candidates. A pair's logit is that of `score --logits` within 1e-5.

    Attributes:
        most_queries, most_candidates, most_tokens: how many queries to prepare together, how many candidates to score
            with them, and how many tokens each of both may have, unless a single text has more.
    """

    most_queries: int
    most_candidates: int
    most_tokens: int

    def prepare(self, queries: Texts, each: Each = map) -> Sequence[Any]:
        """The queries in blocks, encoded if that can be done without their candidates."""

    def logits(self, prepared: Sequence[Any], candidates: Texts) -> Iterator[Floats]:
        """Yield the logits [queries, candidates] of each block."""


class PairByPair:
    """Scores each pair with the scorer, for any network."""

    most_queries, most_candidates, most_tokens = 256, 256, 65_536

    def __init__(self, config: Config, weights: Mapping[str, Floats]) -> None:
        self._scorer = Scorer(config, weights, threads=1)

    def prepare(self, queries: Texts, each: Each = map) -> Sequence[Texts]:  # noqa: ARG002
        return [
            queries.take(np.arange(*block)) for block in parts(queries.offsets, self.most_queries, self.most_tokens)
        ]

    def logits(self, prepared: Sequence[Texts], candidates: Texts) -> Iterator[Floats]:
        for queries in prepared:
            pairs = np.indices((len(queries), len(candidates))).reshape(2, -1)
            logits = self._scorer.logits(queries.take(pairs[0]), candidates.take(pairs[1])).merged()
            yield logits.reshape(len(queries), len(candidates))


def all_pairs(config: Config, weights: Mapping[str, Floats], tokens: int) -> AllPairs:
    """What scores every query with every candidate for this network; `tokens` is how many the candidates have.

    Raises:
        RunError: the weights are not those of the config's model.
    """
    if can_be_split(config.model):
        return EncodedPairs(config, weights, tokens)
    return PairByPair(config, weights)
