"""The logits of every query with every candidate, block by block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pairlens.config.schema import Config
from pairlens.kernels.threads import Each
from pairlens.scoring.encoded_pairs import EncodedPairs, can_be_split
from pairlens.scoring.pair_by_pair import PairByPair
from pairlens.texts.texts import Texts

Floats = NDArray[np.float32]


class AllPairs(Protocol):
    """Scores queries with candidates. A pair's logit is that of `score --logits` within 1e-5.

    Attributes:
        most_queries, most_tokens: how many queries to prepare together, and how many tokens they may have, unless a
            single one has more.
    """

    most_queries: int
    most_tokens: int

    def blocks(self, queries: Texts, candidates: Texts) -> Iterator[tuple[int, int]]:
        """Yield blocks of candidates, from start to stop, to be scored with these queries in bounded memory."""

    def prepare(self, queries: Texts, each: Each = map) -> Sequence[Any]:
        """The queries in blocks, encoded if that can be done without their candidates."""

    def logits(self, prepared: Sequence[Any], candidates: Texts) -> Iterator[Floats]:
        """Yield the logits [queries, candidates] of each block."""


def all_pairs(config: Config, weights: Mapping[str, Floats], tokens: int) -> AllPairs:
    """What scores every query with every candidate for this network; `tokens` is how many the candidates have.

    Raises:
        RunError: the weights are not those of the config's model.
    """
    if can_be_split(config.model):
        return EncodedPairs(config, weights, tokens)
    return PairByPair(config, weights)
