"""Extreme but allowed texts and numbers have finite scores, equal to the reference's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from models import make_config, random_texts, random_weights

from pairlens.scoring.reference import score_pair
from pairlens.scoring.scorer import Scorer

EVERYTHING: dict[str, Any] = {
    "features": ["encoding", "attention", "absolute_difference", "product"],
    "pooling": ["average", "max"],
}
SCORE_MODES = pytest.mark.parametrize("score_mode", ["dot", "concat"])


@SCORE_MODES
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_activations_of_ten_thousand(score_mode: str, sign: float) -> None:
    attention = {"score_mode": score_mode, "direction": "both", "use_scale": True}
    config = make_config(conv=[], attention=attention, **EVERYTHING)
    weights = random_weights(config)
    weights["embedding/embeddings"] = np.where(weights["embedding/embeddings"] > 0, 1e4, -1e4).astype(np.float32)
    weights["attention/scale"] = np.array(sign, np.float32)
    queries, values = random_texts(7, 11, 23, seed=1), random_texts(7, 11, 23, seed=2)
    engine = Scorer(config, weights)
    for score, pair, query, value in zip(
        engine.score(queries, values), engine.attend(queries, values), queries, values, strict=True
    ):
        expected = score_pair(config, weights, query, value)
        np.testing.assert_allclose(pair.scores, expected.scores, rtol=0, atol=1e-6)
        assert 0.0 <= score <= 1.0


@SCORE_MODES
def test_one_token_attends_to_one_token(score_mode: str) -> None:
    config = make_config(attention={"score_mode": score_mode}, **EVERYTHING)
    weights = random_weights(config)
    engine = Scorer(config, weights)
    [pair] = engine.attend([[3]], [[4]])
    np.testing.assert_array_equal(pair.scores, [[1.0]])  # the softmax of one score
    expected = score_pair(config, weights, np.array([3]), np.array([4]))
    np.testing.assert_allclose(engine.score([[3]], [[4]]), [expected.score], rtol=0, atol=1e-5)


@SCORE_MODES
def test_two_thousand_tokens(score_mode: str) -> None:
    config = make_config(attention={"score_mode": score_mode, "direction": "both"}, **EVERYTHING)
    weights = random_weights(config)
    query, value = np.random.default_rng(0).integers(0, 23, (2, 2000), dtype=np.int32)
    engine = Scorer(config, weights)
    expected = score_pair(config, weights, query, value)
    np.testing.assert_allclose(engine.score([query], [value]), [expected.score], rtol=0, atol=1e-5)
    [pair] = engine.attend([query], [value])
    np.testing.assert_allclose(pair.scores, expected.scores, rtol=0, atol=1e-5)
    np.testing.assert_allclose(pair.scores.sum(axis=1), np.ones(2000), rtol=1e-5)


@SCORE_MODES
def test_a_fully_masked_text_is_attended_to_evenly_and_has_no_features(score_mode: str) -> None:
    attention = {"score_mode": score_mode, "direction": "both"}
    config = make_config(
        task="regression", empty="score", embedding={"mask_zero": True}, attention=attention, dnn={"units": []}
    )
    weights = random_weights(config)
    weights["head/kernel"][: 2 * 7] = 0.0  # the query's encoding and what it attended to
    engine = Scorer(config, weights)
    [pair] = engine.attend([[3, 4]], [[0, 0, 0, 0, 0]])
    np.testing.assert_allclose(pair.scores, np.full((2, 5), 1 / 5), rtol=1e-6)
    # The value's encoding and what it attended to are zero, so the logit is the bias.
    np.testing.assert_array_equal(engine.score([[3, 4]], [[0, 0, 0, 0, 0]]), weights["head/bias"])


@SCORE_MODES
def test_an_empty_text_has_no_features_and_the_same_score_in_every_batch(score_mode: str) -> None:
    attention = {"score_mode": score_mode, "direction": "both"}
    config = make_config(task="regression", empty="score", attention=attention, dnn={"units": []})
    weights = random_weights(config)
    engine = Scorer(config, weights)
    # Two empty texts: every feature is zero, so the score is the bias.
    np.testing.assert_array_equal(engine.score([[]], [[]]), weights["head/bias"])
    [pair] = engine.attend([[3, 4]], [[]])
    assert pair.scores.shape == (2, 0)

    queries, values = [[], [3, 4], [5], []], [[3, 4], [], [6, 7], []]
    score = engine.score(queries, values)
    for i, (query, value) in enumerate(zip(queries, values, strict=True)):
        expected = score_pair(config, weights, np.array(query, int), np.array(value, int))
        np.testing.assert_allclose(score[i], expected.score, rtol=0, atol=1e-5)
        np.testing.assert_allclose(engine.score([query], [value]), score[i : i + 1], rtol=0, atol=1e-6)
