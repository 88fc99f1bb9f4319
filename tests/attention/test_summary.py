"""The summary of maps equals that of a slow, obvious loop over every cell."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from typing import Any

import numpy as np
import pytest
from attention_maps import Scored, chunks_of
from hypothesis import given, settings
from hypothesis import strategies as st
from models import make_config

from pairlens.attention.summary import FEWEST_COOCCURRENCES, LISTED, summarize
from pairlens.attention.word_pairs import WordPairs
from pairlens.config.schema import Config
from pairlens.scoring.maps import PairAttention

VOCABULARY = ["!", "the", "?!", "cat", "«", "sat", "a.b", "dog"]


def config_with(causal: bool = False, mask_zero: bool = False) -> Config:
    attention = {"direction": "both", "use_causal_mask": causal}
    return make_config(embedding={"input_dim": 8, "mask_zero": mask_zero}, attention=attention)


def mean(numbers: list[float]) -> float:
    return sum(numbers) / len(numbers) if numbers else math.nan


def oracle(maps: list[tuple[list[int], list[int], Any]], causal: bool, mask_zero: bool) -> dict[str, Any]:
    """One direction, cell by cell; `maps` are (ids of the rows, ids of the columns, scores)."""
    entropies, tops, uniforms, distances = [], [], [], []
    by_position = defaultdict(list)
    identical: list[tuple[float, float, float]] = []
    weights, evens, tokens = Counter[int](), Counter[int](), Counter[int]()
    cooccurrences, strongest, pair_weight = Counter[Any](), Counter[Any](), Counter[Any]()
    rows = 0
    for row_ids, column_ids, scores in maps:
        tokens.update(column_ids)
        for i, row_id in enumerate(row_ids):
            seen = [j for j, x in enumerate(column_ids) if not (causal and j > i) and not (mask_zero and x == 0)]
            if not seen:
                continue
            rows += 1
            total = sum(float(scores[i][j]) for j in seen)
            row = [float(scores[i][j]) / total for j in seen]
            best = row.index(max(row))
            if len(seen) > 1:
                entropies.append(-sum(w * math.log(w) for w in row if w > 0) / math.log(len(seen)))
                bucket = 0 if i == 0 else 2 ** int(math.log2(i))
                by_position[bucket].append(entropies[-1])
                tops.append(max(row))
                uniforms.append(1 / len(seen))
                distances.append(sum(abs(w - 1 / len(seen)) for w in row) / 2)
            same = [k for k, j in enumerate(seen) if column_ids[j] == row_id]
            if same:
                identical.append((sum(row[k] for k in same), len(same) / len(seen), float(best in same)))
            for k, j in enumerate(seen):
                pair = row_id, column_ids[j]
                weights[column_ids[j]] += row[k]
                evens[column_ids[j]] += 1 / len(seen)
                cooccurrences[pair] += 1
                pair_weight[pair] += row[k]
                strongest[pair] += k == best
    frequent = sorted(tokens, key=lambda x: (-tokens[x], x))[:LISTED]
    punctuation = [0, 2, 4]
    often = [p for p in cooccurrences if cooccurrences[p] >= FEWEST_COOCCURRENCES and p[0] != p[1]]

    def share(of: Counter[int], ids: list[int]) -> float:
        return sum(of[i] for i in ids) / rows if rows else math.nan

    return {
        "rows": rows,
        "choices": len(entropies),
        "distance": mean(distances),
        "entropy": mean(entropies),
        "by_position": [(first, len(by_position[first]), mean(by_position[first])) for first in sorted(by_position)],
        "strongest": (mean(tops), mean(uniforms)),
        "identical": (len(identical), *(mean([x[k] for x in identical]) for k in range(3))),
        "frequent": (share(weights, frequent), share(evens, frequent)),
        "words": [(VOCABULARY[i], tokens[i], share(weights, [i]), share(evens, [i])) for i in frequent],
        "punctuation": (share(weights, punctuation), share(evens, punctuation)),
        "often": {(VOCABULARY[p[0]], VOCABULARY[p[1]]): pair_weight[p] / cooccurrences[p] for p in often},
        "pairs": {(VOCABULARY[a], VOCABULARY[b]): (cooccurrences[a, b], strongest[a, b]) for a, b in cooccurrences},
    }


def flat(found: dict[str, Any]) -> dict[str, Any]:
    """The summary in the oracle's format, without the pairs of words."""
    parts = found["entropy"]["by_position"]
    return {
        "rows": found["rows"],
        "choices": found["choices"],
        "distance": found["distance"],
        "entropy": found["entropy"]["mean"],
        "by_position": [(part["first"], part["rows"], part["mean"]) for part in parts],
        "strongest": (found["strongest"]["mean"], found["strongest"]["uniform"]),
        "identical": tuple(found["identical"][name] for name in ("rows", "weight", "uniform", "strongest")),
        "frequent": (found["frequent"]["weight"], found["frequent"]["uniform"]),
        "words": [
            tuple(word[k] for k in ("word", "count", "weight", "uniform")) for word in found["frequent"]["words"]
        ],
        "punctuation": (found["punctuation"]["weight"], found["punctuation"]["uniform"]),
    }


def assert_close(found: Any, expected: Any) -> None:
    if isinstance(expected, dict):
        assert found.keys() <= expected.keys()
        for key in found:
            assert_close(found[key], expected[key])
    elif isinstance(expected, (list, tuple)):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_close(one, other)
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, abs=1e-6, nan_ok=True)
    else:
        assert found == expected


def random_pairs(count: int, seed: int, causal: bool, mask_zero: bool) -> list[Scored]:
    random = np.random.default_rng(seed)
    pairs = []
    for number in range(count):
        query, value = (random.integers(0, 8, random.integers(0, 12)).astype(np.int32) for _ in range(2))
        matrices = []
        for rows, columns in ((query, value), (value, query)):
            weights = random.random((len(rows), len(columns))) ** 5 + 1e-6
            if causal:
                weights *= np.tri(*weights.shape)
            if mask_zero:
                weights *= columns != 0
            total = weights.sum(axis=1, keepdims=True)
            matrices.append((weights / np.where(total, total, 1)).astype(np.float32))
        pairs.append((number, PairAttention(query, value, *matrices), 0.5))
    return pairs


@settings(max_examples=60)
@given(st.integers(1, 20), st.integers(0, 2**32), st.booleans(), st.booleans(), st.integers(1, 20))
def test_equals_the_oracle(count: int, seed: int, causal: bool, mask_zero: bool, chunk: int) -> None:
    pairs = random_pairs(count, seed, causal, mask_zero)
    summary = summarize(chunks_of(pairs, chunk), config_with(causal, mask_zero), VOCABULARY)
    assert summary["pairs"] == count
    for direction, maps in {
        "query_to_value": [(a.query.tolist(), a.value.tolist(), a.scores) for _, a, _ in pairs],
        "value_to_query": [(a.value.tolist(), a.query.tolist(), a.value_scores) for _, a, _ in pairs],
    }.items():
        found, expected = summary["directions"][direction], oracle(maps, causal, mask_zero)
        assert_close(flat(found), expected)
        assert sum(found["entropy"]["histogram"]) == sum(found["strongest"]["histogram"]) == expected["choices"]
        by_weight, by_strongest = found["word_pairs"]["by_weight"], found["word_pairs"]["by_strongest"]
        assert found["word_pairs"]["missing_weight"] == 0
        assert len(by_weight) == min(LISTED, len(expected["often"]))
        means = sorted(expected["often"].values(), reverse=True)
        assert_close([pair["weight"] for pair in by_weight], means[:LISTED])
        for pair in by_weight:
            assert_close(pair["weight"], expected["often"][pair["word"], pair["attends_to"]])
        most = sorted((strongest for _, strongest in expected["pairs"].values()), reverse=True)
        assert [pair["strongest"] for pair in by_strongest] == most[:LISTED]
        for pair in [*by_weight, *by_strongest]:
            counts = expected["pairs"][pair["word"], pair["attends_to"]]
            assert (pair["meetings"], pair["strongest"]) == counts


def one_map(scores: object, query: list[int] | None = None, value: list[int] | None = None) -> dict[str, Any]:
    matrix = np.array(scores, np.float32)
    rows, columns = (np.array(ids if ids else range(n), np.int32) for ids, n in zip((query, value), matrix.shape))  # noqa: B905
    pair = PairAttention(rows, columns, matrix)
    config = make_config(embedding={"input_dim": 8})
    summary = summarize(chunks_of([(0, pair, 0.5)]), config, VOCABULARY)
    return dict(summary["directions"]["query_to_value"])


def test_by_hand() -> None:
    # "cat" gives 1 to "cat", "the" ½ to each of "cat" and "!".
    found = one_map([[1, 0], [0.5, 0.5]], [3, 1], [3, 0])
    assert found["entropy"]["mean"] == 0.5  # the mean of 0 and 1
    assert found["entropy"]["histogram"] == [1, *[0] * 8, 1]
    assert found["strongest"] == {"mean": 0.75, "uniform": 0.5, "histogram": [0, 0, 0, 0, 0, 1, 0, 0, 0, 1]}
    assert found["distance"] == 0.25  # the mean of ½, moved from one cell to the other, and 0
    assert found["identical"] == {"rows": 1, "weight": 1.0, "uniform": 0.5, "strongest": 1.0}
    assert found["punctuation"] == {"weight": 0.25, "uniform": 0.5}
    assert (
        found["verdict"]
        == "Attention chooses: 25% of a row's weight, on average, would have to move to spread it evenly."
    )
    assert not found["uniform"]


def test_uniform_attention_is_reported_in_a_sentence() -> None:
    found = one_map(np.full((5, 4), 0.25))
    assert found["uniform"]
    assert found["verdict"].startswith("Attention is uniform, so its map means nothing: moving 0.0% of a row's weight")


def test_rows_with_weight_on_padding_are_scaled() -> None:
    assert one_map([[0.2, 0.2], [0.1, 0.1]])["entropy"]["mean"] == pytest.approx(1)


def test_rows_of_one_cell_have_no_distance() -> None:
    found = one_map([[1.0]])
    assert (found["rows"], found["choices"], found["uniform"]) == (1, 0, False)
    assert found["verdict"] == "There is nothing to attend to: no row has two cells."


def test_no_pairs_and_no_vocabulary() -> None:
    summary = summarize([], config_with(), None)
    assert summary["pairs"] == 0
    assert summary["directions"]["value_to_query"]["punctuation"] is None
    assert summary["directions"]["value_to_query"]["frequent"]["words"] == []


# ---- pairs of words in bounded memory --------------------------------------------------------------------------------


@given(st.integers(2, 40), st.integers(0, 2**32))
def test_the_error_of_dropped_pairs_is_bounded(limit: int, seed: int) -> None:
    """No count is too high, and none is too low by more than `missing_weight`."""
    random = np.random.default_rng(seed)
    counted, exact = WordPairs(30, limit), Counter[tuple[int, int]]()
    for _ in range(6):
        row, column = (np.minimum(random.geometric(0.2, 40), 29) for _ in range(2))
        weight = random.random(40)
        counted.add(row, column, weight, np.zeros(40))
        counts = counted.counts()  # merges, so pairs are dropped each time
        assert len(counts.weight) <= limit
        for a, b, w in zip(row.tolist(), column.tolist(), weight.tolist(), strict=True):
            exact[a, b] += w
    found = dict(
        zip(zip(counts.row.tolist(), counts.column.tolist(), strict=True), counts.weight.tolist(), strict=True)
    )
    assert (counts.missing_weight > 0) == (len(exact) > len(found))
    for pair, weight in exact.items():
        assert weight - counts.missing_weight - 1e-9 <= found.get(pair, 0.0) <= weight + 1e-9
