"""Attention maps of pairs for tests, made by hand or from models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from pairlens.attention.stream import ScoredMaps
from pairlens.scoring.maps import Maps, PairAttention
from pairlens.texts.texts import Texts

Scored = tuple[int, PairAttention, float]


def chunk_of(pairs: Sequence[Scored]) -> ScoredMaps:
    """Pairs as one chunk of a stream; there must be at least one."""
    numbers, attentions, scores = zip(*pairs, strict=True)
    query, value = (Texts.from_lists([getattr(a, side) for a in attentions]) for side in ("query", "value"))
    flat = np.concatenate([a.scores.ravel() for a in attentions])
    both = [a.value_scores.ravel() for a in attentions if a.value_scores is not None]
    maps = Maps(query, value, flat, np.concatenate(both) if both else None)
    return ScoredMaps(np.array(numbers, np.int64), np.array(scores, np.float32), maps)


def chunks_of(pairs: Sequence[Scored], size: int = 2) -> Iterator[ScoredMaps]:
    for start in range(0, len(pairs), size):
        yield chunk_of(pairs[start : start + size])
