"""A ranking is what scoring every pair and sorting gives, with any number of threads and any division of the work."""

from __future__ import annotations

from time import process_time
from typing import Any

import numpy as np
import pytest
from models import make_config, random_texts, random_weights
from numpy.typing import NDArray

from pairlens.config.schema import Config
from pairlens.errors import PairlensError
from pairlens.scoring import ranker
from pairlens.scoring.all_pairs import all_pairs
from pairlens.scoring.best import NEVER, Best, joined
from pairlens.scoring.encoded_pairs import EncodedPairs
from pairlens.scoring.pair_by_pair import PairByPair
from pairlens.scoring.ranker import NO_PAIRS, Ranker, unit_of
from pairlens.texts.texts import Texts

NETWORKS: dict[str, dict[str, Any]] = {
    "documented": {},
    "symmetric": {"symmetric": True},
    "aligned": {
        "embedding": {"match_channels": True},
        "attention": {"direction": "both"},
        "compare": {"units": 3},
        "pooling": ["average", "max"],
        "overlap": True,
        "wide": True,
    },
    "regression": {"task": "regression", "features": ["attention", "product"]},
    "ranking": {"task": "ranking", "dnn": {"units": [3, 5]}},
}
QUERIES, CANDIDATES = 23, 61


def texts_with_repeats(count: int, seed: int) -> Texts:
    """Every third text is one of the first ones again, so that scores are tied."""
    texts = random_texts(count, 6, 23, seed)
    return Texts.from_lists([texts[i % 5] if i % 3 == 2 else texts[i] for i in range(count)])


def matrix(config: Config, queries: Texts, candidates: Texts) -> NDArray[np.float32]:
    pairs = all_pairs(config, random_weights(config), len(candidates.ids))
    return np.concatenate([*pairs.logits(pairs.prepare(queries), candidates)])


def ranked(made: Ranker, queries: Texts, relevant: NDArray[np.int64] = NO_PAIRS) -> tuple[Best, list[int]]:
    found = [*made.rank(queries, 0, relevant)]
    return joined([one.best for one in found]), np.concatenate([one.ranks for one in found]).tolist()


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in (EncodedPairs, PairByPair):
        monkeypatch.setattr(kind, "most_candidates", 17)
        monkeypatch.setattr(kind, "most_tokens", 50)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", NETWORKS)
def test_it_is_a_stable_sort_of_all_scores(name: str, threads: int) -> None:
    config = make_config(**NETWORKS[name])
    queries, candidates = texts_with_repeats(QUERIES, 1), texts_with_repeats(CANDIDATES, 2)
    logits = matrix(config, queries, candidates)
    relevant = np.array([(q, c) for q in range(0, QUERIES, 2) for c in (60, 2, q)])
    best, ranks = ranked(Ranker(config, random_weights(config), candidates, 7, threads=threads), queries, relevant)
    order = np.argsort(-logits, axis=1, kind="stable")
    np.testing.assert_array_equal(best.candidates, order[:, :7])
    np.testing.assert_array_equal(best.logits, np.take_along_axis(logits, order[:, :7], axis=1))
    assert ranks == [order[q].tolist().index(c) + 1 for q, c in relevant]


def test_the_few_queries_after_the_last_unit_are_scored_pair_by_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    """For them, encoding all candidates in advance would take longer."""
    monkeypatch.setattr(ranker, "_UNIT", 7)
    config = make_config()
    weights, queries, candidates = random_weights(config), texts_with_repeats(23, 1), texts_with_repeats(CANDIDATES, 2)
    best, _ = ranked(Ranker(config, weights, candidates, CANDIDATES), queries)
    encoded, by_pair = (
        np.concatenate([*pairs.logits(pairs.prepare(queries), candidates)])
        for pairs in (EncodedPairs(config, weights, 0), PairByPair(config, weights))
    )
    logits = np.concatenate([encoded[:21], by_pair[21:]])
    assert (encoded != by_pair)[21:].any()
    np.testing.assert_array_equal(best.logits, -np.sort(-logits, axis=1))


def test_a_text_is_not_its_own_candidate() -> None:
    config, texts = make_config(), texts_with_repeats(CANDIDATES, 3)
    logits = matrix(config, texts, texts)
    np.fill_diagonal(logits, -np.inf)
    made = Ranker(config, random_weights(config), texts, 100, exclude_same=True)
    best, ranks = ranked(made, texts, np.array([[1, 0], [60, 3]]))
    order = np.argsort(-logits, axis=1, kind="stable")
    np.testing.assert_array_equal(best.candidates[:, :60], order[:, :60])
    assert np.isneginf(best.logits[:, 60]).all()  # no place
    assert ranks == [order[1].tolist().index(0) + 1, order[60].tolist().index(3) + 1]


@pytest.mark.parametrize("first", [0, 1000])
def test_the_rank_of_every_candidate_takes_one_sort(first: int) -> None:
    """Not a pass over the block for each: the time is that of sorting. Zeros of both signs are equal."""
    logits = np.random.default_rng(1).integers(-9000, 9000, (2, 2**16)).astype(np.float32) / 1000
    logits[0, ::7], logits[0, 1::7], logits[1, ::5] = 0.0, -0.0, NEVER
    relevant = np.arange(logits.size)
    query, column = np.divmod(relevant, logits.shape[1])
    started = process_time()
    pairs = ranker._Relevant(query + 3, column + first, logits.ravel())
    before = ranker._count_before(logits, first, 3, pairs)
    assert process_time() - started < 1.0
    order = np.argsort(-logits, axis=1, kind="stable")
    np.testing.assert_array_equal(before.reshape(logits.shape), np.argsort(order, axis=1))


def test_no_candidates_have_no_places() -> None:
    config, none = make_config(), Texts.concatenate([])
    queries = texts_with_repeats(3, 1)
    best, _ = ranked(Ranker(config, random_weights(config), none, 5), queries)
    assert best.logits.shape == (3, 0)
    assert [*Ranker(config, random_weights(config), queries, 5).rank(none, 0)] == []


@pytest.mark.parametrize("name", ["documented", "aligned"])
def test_an_overflow_names_query_and_candidate(name: str) -> None:
    config = make_config(**NETWORKS[name])
    weights = random_weights(config)
    weights["embedding/embeddings"][7] = 3e38
    queries, candidates = Texts.from_lists([[1], [2, 3]]), Texts.from_lists([[1], [4], [7, 7]])
    with pytest.raises(PairlensError, match=r"^query 1 and candidate 3: its score is not a finite number, since "):
        ranked(Ranker(config, weights, candidates, 2), queries)


def test_the_places_that_are_kept_are_bounded() -> None:
    """More places than there are candidates are not kept, so asking for more changes no unit."""
    config, candidates = make_config(), Texts(np.ones(20_000, np.int32), np.arange(20_001))
    for count, unit in ((1, 256), (4096, 256), (10_000, 104), (20_000, 52), (10**9, 52)):
        made = Ranker(config, random_weights(config), candidates, count)
        assert made.unit == unit_of(min(count, 20_000)) == unit
        assert made.chunk % unit == 0
        assert made.chunk * min(count, 20_000) <= 2**20
    assert unit_of(10**9) == 1
