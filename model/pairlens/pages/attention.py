"""Writes the attention of a stream of pairs as an interactive page, with one pair in memory at a time."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import resources
from typing import Any

import numpy as np

from pairlens.attention.uniformity import UNIFORM_BELOW, cells_of, verdict
from pairlens.files import whole_file
from pairlens.locations.location import Location
from pairlens.pages.page import Block, write_page
from pairlens.scoring.decimals import shortest
from pairlens.scoring.maps import Floats, PairAttention
from pairlens.texts.texts import Texts

Labelled = tuple[int, PairAttention, float, float | None]

_SCRIPTS = [
    "colours.js",
    "map.js",
    "heat.js",
    "links.js",
    "picture.js",
    "list.js",
    "state.js",
    "spots.js",
    "keys.js",
    "attention.js",
]


def write_attention_page(
    path: Location,
    attentions: Iterable[Labelled],
    metadata: Mapping[str, Any],
    vocabulary: Sequence[str] | None,
    title: str = "Attention maps",
    replace: bool = True,
) -> int:
    """Write a page from (index of the pair, attention, score, label or None) of each pair; return the number of pairs.

    The file appears only when it is complete. Weights are stored as exact float32 numbers.

    Args:
        metadata: the result of `dump_metadata`, with `classes`.
        vocabulary: the word of each id; None shows ids.
    """
    count = 0

    def blocks() -> Iterator[Block]:
        nonlocal count
        yield "metadata", metadata
        masks = metadata["attention"]["use_causal_mask"], metadata["mask_zero"]
        for pair, attention, score, label in attentions:
            yield f"pair-{count}", _pair(pair, attention, score, label, vocabulary, masks)
            yield f"weights-{count}", encoded_weights(attention)
            count += 1

    body = resources.files(__package__).joinpath("assets/attention.html").read_text(encoding="utf-8")
    with whole_file(path, "wb", replace) as file:
        write_page(file, title, body, blocks(), ["attention.css"], _SCRIPTS)
    return count


def _pair(
    pair: int,
    attention: PairAttention,
    score: float,
    label: float | None,
    vocabulary: Sequence[str] | None,
    masks: tuple[bool, bool],
) -> dict[str, Any]:
    """The data of a pair that the page's list needs, without the weights.

    For each direction: `distance`, the mean distance from uniform attention (null if no row can attend to more than one
    token), and `uniform`, a notice if attention is uniform, otherwise null.
    """
    distances = _distances(attention, *masks)
    return {
        "pair": pair,
        "score": _number(score),
        "label": _number(label),
        **dict(zip(("query", "value"), attention.marked_words(vocabulary), strict=True)),
        **_texts(attention),
        "distance": [_number(distance) for distance in distances],
        "uniform": [verdict(distance) if distance < UNIFORM_BELOW else None for distance in distances],
    }


def _texts(attention: PairAttention) -> dict[str, Any]:
    """If the input was texts: the texts, what precedes each word, and whether a word is not in the vocabulary."""
    if attention.texts is None:
        return {}
    return {
        "texts": [side.text for side in attention.texts],
        "gaps": [side.gaps for side in attention.texts],
        "unknown": any(any(side.unknown) for side in attention.texts),
    }


def _distances(attention: PairAttention, causal: bool, mask_zero: bool) -> list[float]:
    """Each direction's mean distance of its rows from uniform; NaN if no row can attend to more than one token."""
    rows, columns = (Texts.from_lists([ids]) for ids in (attention.query, attention.value))
    found = []
    for scores in _directions(attention):
        distances = cells_of(rows, columns, scores.ravel(), causal, mask_zero).distances()
        found.append(float(distances.mean()) if len(distances) else math.nan)
        rows, columns = columns, rows
    return found


def _directions(attention: PairAttention) -> Iterator[Floats]:
    yield attention.scores
    if attention.value_scores is not None:
        yield attention.value_scores


def encoded_weights(attention: PairAttention) -> list[str]:
    """Each direction's weights, row by row, as base64 for `decodeWeights` in map.js."""
    return [base64.b64encode(scores.astype("<f4").tobytes()).decode() for scores in _directions(attention)]


def _number(value: float | None) -> float | None:
    """The shortest decimal of a float32; None if it is not finite, which JSON cannot represent."""
    return None if value is None or not math.isfinite(value) else float(shortest(np.array(value, np.float32)))
