"""The scorer computes the documented network, and a pair's numbers do not depend on the other pairs."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from models import Case, cases, configs, make_config, random_texts, random_weights
from numpy.typing import NDArray

from pairlens.config.schema import Config
from pairlens.errors import DataError
from pairlens.kernels import loader
from pairlens.kernels.arguments import Signature
from pairlens.scoring import encoder, scorer
from pairlens.scoring.maps import PairAttention
from pairlens.scoring.reference import score_pair
from pairlens.scoring.scorer import Scorer
from pairlens.scoring.warm_up import kernels_of
from pairlens.texts.pairs import Chunk, Pairs
from pairlens.texts.texts import Texts


def assert_same_attention(actual: PairAttention, expected: PairAttention, atol: float) -> None:
    np.testing.assert_allclose(actual.scores, expected.scores, rtol=0, atol=atol)
    if expected.value_scores is None:
        assert actual.value_scores is None
    else:
        np.testing.assert_allclose(actual.value_scores, expected.value_scores, rtol=0, atol=atol)


@settings(max_examples=60)
@given(cases())
def test_scores_and_attention_equal_the_references(case: Case) -> None:
    config, weights, queries, values = case
    engine = Scorer(config, weights, threads=1)
    expected = [score_pair(config, weights, query, value) for query, value in zip(queries, values, strict=True)]
    score = engine.score(queries, values)
    assert score.dtype == np.float32
    np.testing.assert_allclose(score, [pair.score for pair in expected], rtol=0, atol=1e-5)
    for i, pair in enumerate(engine.attend(queries, values)):
        np.testing.assert_array_equal(pair.query, queries[i])
        np.testing.assert_array_equal(pair.value, values[i])
        both = config.model.attention.direction == "both"
        value_scores = expected[i].value_scores.astype(np.float32) if both else None
        oracle = PairAttention(queries[i], values[i], expected[i].scores.astype(np.float32), value_scores)
        assert_same_attention(pair, oracle, 1e-5)


@settings(max_examples=25)
@given(cases())
def test_a_repeated_text_is_encoded_once_and_scores_the_same(case: Case) -> None:
    config, weights, queries, values = case
    engine, last = Scorer(config, weights, threads=1), len(queries) - 1
    rows, columns = [0, 0, last, last, 0, 0], [0, last, last, 0, 0, 0]
    together = engine.score([queries[i] for i in rows], [values[j] for j in columns])
    alone = [engine.score([queries[i]], [values[j]])[0] for i, j in zip(rows, columns, strict=True)]
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-6)


@settings(max_examples=25)
@given(cases())
def test_a_pair_scores_the_same_alone_and_in_any_batch_in_any_order(case: Case) -> None:
    config, weights, queries, values = case
    engine = Scorer(config, weights, threads=1)
    score, attention = engine.score(queries, values), engine.attend(queries, values)
    order = np.random.default_rng(0).permutation(len(queries))
    shuffled = engine.score([queries[i] for i in order], [values[i] for i in order])
    np.testing.assert_allclose(shuffled, score[order], rtol=0, atol=1e-6)
    for i in order[:3]:
        np.testing.assert_allclose(engine.score([queries[i]], [values[i]]), score[i : i + 1], rtol=0, atol=1e-6)
        [alone] = engine.attend([queries[i]], [values[i]])
        assert_same_attention(alone, attention[i], 1e-6)


@settings(max_examples=25)
@given(configs())
def test_warming_up_loads_every_kernel_that_scoring_needs(config: Config) -> None:
    used: set[str] = set()

    def run(signature: Signature, table: NDArray[np.int64]) -> None:
        used.add(signature.name)
        original(signature, table)

    with pytest.MonkeyPatch.context() as patch:
        original = loader.run
        patch.setattr(loader, "run", run)
        engine = Scorer(config, random_weights(config), threads=1)
        engine.score([[0]], [[0]])
        scored, used = used, set()
        engine.attend([[0]], [[0]])
    assert scored <= {signature.name for signature in kernels_of(config)}
    assert used <= {signature.name for signature in kernels_of(config, maps=True)}


@settings(max_examples=20)
@given(cases())
def test_any_number_of_threads_gives_the_same_bits(case: Case) -> None:
    config, weights, queries, values = case
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scorer, "_WINDOW_PAIRS", 5)  # so that the threads have several windows to share
        one, two = (Scorer(config, weights, threads).score(queries, values) for threads in (1, 2))
    np.testing.assert_array_equal(one, two)


@settings(max_examples=20)
@given(cases())
def test_how_the_work_is_split_changes_no_score(case: Case) -> None:
    config, weights, queries, values = case
    whole = Scorer(config, weights, threads=1).score(queries, values)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scorer, "_WINDOW_TOKENS", 11)
        patch.setattr(encoder, "_TABLE_BYTES", 20_000)  # first-layer tables for a block's ids, not for all
        cut = Scorer(config, weights, threads=1).score(queries, values)
    np.testing.assert_allclose(cut, whole, rtol=0, atol=1e-6)


@settings(max_examples=25)
@given(cases())
def test_computing_a_long_pair_some_rows_at_a_time_gives_the_same_bits(case: Case) -> None:
    config, weights, queries, values = case
    engine = Scorer(config, weights, threads=1)
    whole, maps = engine.score(queries, values), engine.attend(queries, values)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoder, "_MOST_SCORES", 1)  # four rows, or as many as fit
        np.testing.assert_array_equal(engine.score(queries, values), whole)
        for some, attention in zip(engine.attend(queries, values), maps, strict=True):
            np.testing.assert_array_equal(some.scores, attention.scores)
            if attention.value_scores is not None:
                np.testing.assert_array_equal(some.value_scores, attention.value_scores)


def test_one_thread_keeps_the_tables_of_one_block(monkeypatch: pytest.MonkeyPatch) -> None:
    config = make_config(conv=[{"filters": 8, "kernel_size": 2}])
    monkeypatch.setattr(encoder, "_TABLE_BYTES", 2 * 8 * 4 * 20)  # for 20 ids
    tables: list[weakref.ref[np.ndarray]] = []
    alive: list[int] = []

    def fold(*arguments: Any, **keywords: Any) -> encoder.Folded:
        alive.append(sum(table() is not None for table in tables))
        folded = original(*arguments, **keywords)
        tables.append(weakref.ref(folded.first_layers[0]))
        return folded

    original = encoder.Encoder.fold
    monkeypatch.setattr(encoder.Encoder, "fold", fold)
    texts = random_texts(7, 11, config.model.embedding.input_dim, seed=1)
    Scorer(config, random_weights(config), threads=1).score(texts, texts)
    assert len(tables) > 3
    assert max(alive) == 1  # the previous one, until the new one replaces it


def test_a_masked_token_matches_nothing() -> None:
    config = make_config(embedding={"mask_zero": True, "match_channels": True})
    weights = random_weights(config)
    query, value = np.array([1, 0, 2], np.int32), np.array([0, 3], np.int32)  # id 0 is padding in both texts
    expected = score_pair(config, weights, query, value).score
    np.testing.assert_allclose(Scorer(config, weights).score([query], [value]), [expected], rtol=0, atol=1e-5)


def test_without_masking_a_batch_is_padded_with_id_0() -> None:
    config = make_config(masking="none", batch_size=3, attention={"direction": "both"}, pooling=["average", "max"])
    weights, engine = random_weights(config), Scorer(config, random_weights(config))
    queries, values = random_texts(7, 11, 23, seed=1), random_texts(7, 11, 23, seed=2)
    score, attention = engine.score(queries, values), engine.attend(queries, values)
    for i, (query, value) in enumerate(zip(queries, values, strict=True)):
        batch = slice(i // 3 * 3, i // 3 * 3 + 3)
        longest_query, longest_value = max(map(len, queries[batch])), max(map(len, values[batch]))
        padded_query = np.pad(query, (0, longest_query - len(query)))
        padded_value = np.pad(value, (0, longest_value - len(value)))
        expected = score_pair(config, weights, padded_query, padded_value)
        np.testing.assert_allclose(score[i], expected.score, rtol=0, atol=1e-5)
        scores = expected.scores[: len(query), : len(value)]
        np.testing.assert_allclose(attention[i].scores, scores, rtol=0, atol=1e-5)


def test_lists_arrays_and_ragged_texts_score_the_same() -> None:
    config = make_config()
    engine = Scorer(config, random_weights(config))
    as_lists, as_texts = [[3, 1, 4], [1]], Texts.from_lists([[3, 1, 4], [1]])
    as_arrays = [np.array([3, 1, 4]), np.array([1], np.uint8)]
    score = engine.score(as_lists, as_lists)
    np.testing.assert_array_equal(engine.score(as_texts, as_arrays), score)


def test_a_stream_scores_as_its_chunks_do() -> None:
    config = make_config()
    engine = Scorer(config, random_weights(config), threads=2)
    texts = [Texts.from_lists(random_texts(7, 11, 23, seed)) for seed in range(6)]
    chunks = [Chunk(Pairs(texts[i], texts[i + 1])) for i in (0, 2, 4)]
    streamed = list(engine.stream(iter(chunks)))
    assert [chunk for chunk, _ in streamed] == chunks
    for (pairs, *_), logits in streamed:
        np.testing.assert_array_equal(logits.scores(), engine.score(pairs.query, pairs.value))


def test_no_pairs_have_no_scores() -> None:
    config = make_config()
    engine = Scorer(config, random_weights(config))
    assert engine.score([], []).shape == (0,)
    assert engine.attend([], []) == []
    assert list(engine.stream([])) == []


@pytest.mark.parametrize(
    ("queries", "values", "message"),
    [
        ([[1], [2]], [[1]], "2 queries but 1 values; a pair has one of each"),
        ([[1], [2, 23]], [[1], [2]], "query 1: id 23; the model's ids go from 0 to 22"),
        ([[1], [2]], [[1], []], "value 1: no tokens; give some, or train with data.empty: score"),
        ([[1], [2]], [[-1], [2]], "text 0: -1 is not an id: ids are integers from 0 to 2147483647"),
    ],
)
def test_an_invalid_pair_is_named(queries: list[list[int]], values: list[list[int]], message: str) -> None:
    config = make_config()
    engine = Scorer(config, random_weights(config))
    for method in (engine.score, engine.attend):
        with pytest.raises(DataError) as error:
            method(queries, values)
        assert str(error.value) == message


def test_ragged_texts_are_not_iterated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files have millions of texts, and Python takes longer to look at one than the kernels take to score it."""
    config = make_config()
    engine = Scorer(config, random_weights(config))
    expected = engine.score([[1, 2], [3]], [[3], [1]])
    queries, values = Texts.from_lists([[1, 2], [3]]), Texts.from_lists([[3], [1]])
    monkeypatch.setattr(Texts, "__iter__", lambda _: pytest.fail("iterated"))
    assert np.array_equal(engine.score(queries, values), expected)
