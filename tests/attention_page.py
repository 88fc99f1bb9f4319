"""Pages of attention maps for tests, with pairs made by hand: few words, hostile words, no words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from chromium import Page
from models import make_config

from pairlens.attention.dumps.dump import dump_metadata
from pairlens.pages.attention import Labelled, write_attention_page
from pairlens.scoring.maps import Floats, PairAttention

WORDS = ["the", "cat", "sat", "down", "a", "dog", "stood", "up"]
HOSTILE = ["<script>window.intruded=1</script>", "</script><img src=x onerror=window.intruded=1>", "\"'&amp;<!--"]
UNSEEN = {"\u202eabc": "\\u202eabc", "a\x00b": "a\\x00b", "\x1b[31m": "\\x1b[31m", "": "#14", " \t": "#15"}
SCRIPTS = ["שלום", "注意力", "x" * 300]
VOCABULARY = [*WORDS, *HOSTILE, *(word for word in UNSEEN if word.strip()), "", " \t", *SCRIPTS]

# Rows: cat sat down, columns: the dog stood up. In the map .5 of sat → dog is second, after .7 of cat → the.
SCORES = [[0.7, 0.1, 0.1, 0.1], [0.0, 0.5, 0.3, 0.2], [0.25, 0.25, 0.25, 0.25]]
VALUE_SCORES = [[0.2, 0.3, 0.5], [1.0, 0.0, 0.0], [0.4, 0.4, 0.2], [0.1, 0.1, 0.8]]


def attention(query: list[int], value: list[int], scores: Any, value_scores: Any) -> PairAttention:
    ids = (np.array(ids, np.int32) for ids in (query, value))
    shapes = ((len(query), len(value)), (len(value), len(query)))
    matrices = (np.array(m, np.float32).reshape(shape) for m, shape in zip((scores, value_scores), shapes, strict=True))
    return PairAttention(*ids, *matrices)


def softmax(rows: int, columns: int, seed: int) -> Floats:
    weights = np.exp(3 * np.random.default_rng(seed).normal(size=(rows, columns)))
    return np.float32(weights / weights.sum(axis=1, keepdims=True))


def some_pairs() -> list[Labelled]:
    hostile = list(range(len(VOCABULARY)))[8:]
    peaked = np.eye(len(hostile))
    return [
        (0, attention([1, 2, 3], [0, 5, 6, 7], SCORES, VALUE_SCORES), 0.75, 1.0),
        (3, attention([4], [5], [1.0], [1.0]), 0.25, 1.0),
        (7, attention(hostile, hostile[::-1], peaked, peaked), 0.5, 0.0),
        (8, attention([0, 1, 2], [3, 4, 5, 6], np.full((3, 4), 0.25), np.full((4, 3), 1 / 3)), 1e-7, 0.0),
        (9, attention([], [5, 6], [], []), 0.1, 0.0),
    ]


CONFIG = make_config(conv=[{"filters": 7, "kernel_size": 2}], attention={"direction": "both"})
METADATA = dump_metadata(CONFIG, "5e")


def write(path: Path, pairs: list[Labelled]) -> Path:
    assert write_attention_page(path, pairs, METADATA, VOCABULARY) == len(pairs)
    return path


def row_texts(browser: Page) -> list[str]:
    return browser.texts("#list .row-number")
