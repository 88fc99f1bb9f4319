"""The scorer passes the Keras Attention layer's own test cases.

Source: keras-team/tf-keras, tf_keras/layers/attention/attention_test.py. Without convolutions a token's encoding is its
embedding, so the vectors of a test case are the embeddings, and its tensors are texts of their ids.
"""

from __future__ import annotations

import numpy as np
import pytest
from models import Floats, make_config
from numpy.typing import NDArray

from pairlens.scoring.scorer import Scorer

QUERY = [[1.0, 1.1, 1.2, 1.3], [2.0, 2.1, 2.2, 2.3]]
KEY = [[1.5, 1.6, 1.7, 1.8], [2.5, 2.6, 2.7, 2.8], [3.5, 3.6, 3.7, 3.8]]


def engine(
    vectors: list[list[float]], scale: float | None = None, mask_zero: bool = False, **attention: object
) -> Scorer:
    """A model that encodes id i as vectors[i]; its score is the mean over the query of the attended vectors' sums."""
    dim = len(vectors[0])
    config = make_config(
        task="regression",
        empty="score",  # with mask_zero, a text of only id 0 is empty
        embedding={"input_dim": len(vectors), "output_dim": dim, "mask_zero": mask_zero},
        conv=[],
        attention={"use_scale": scale is not None, **attention},
        features=["attention"],
        dnn={"units": []},
    )
    weights = {
        "embedding/embeddings": np.array(vectors, np.float32),
        "attention/scale": np.array(scale, np.float32),
        "attention/concat_score_weight": np.array(1, np.float32),
        "head/kernel": np.ones((dim, 1), np.float32),
        "head/bias": np.zeros(1, np.float32),
    }
    if scale is None:
        del weights["attention/scale"]
    return Scorer(config, weights)


def raw_scores(
    query: list[float], keys: list[list[float]], zero: list[float], **attention: object
) -> NDArray[np.float64]:
    """Scores [Tv] before the softmax, computed from those after it: with an additional key `zero`, whose raw score is
    0, log(scores[j] / scores[zero]) = raw[j] - 0."""
    vectors = [query, *keys, zero]
    [pair] = engine(vectors, **attention).attend([[0]], [range(1, len(vectors))])
    return np.log(pair.scores[0, :-1] / pair.scores[0, -1])


def dot_scores(query: list[float], keys: list[list[float]], **attention: object) -> NDArray[np.float64]:
    return raw_scores(query, keys, [0.0] * len(query), **attention)


def concat_scores(query: list[float], keys: list[list[float]], **attention: object) -> NDArray[np.float64]:
    # tanh(scale * (query - query)) = 0
    return raw_scores(query, keys, [-x for x in query], score_mode="concat", **attention)


def test_calculate_scores_one_dim() -> None:
    # 1.1 * 1.6 = 1.76
    np.testing.assert_allclose(dot_scores([1.1], [[1.6]]), [1.76], rtol=1e-6)
    # 2.1 * 2.6 = 5.46
    np.testing.assert_allclose(dot_scores([2.1], [[2.6]]), [5.46], rtol=1e-6)


def test_calculate_scores_multi_dim() -> None:
    # 1.0 * 1.5 + 1.1 * 1.6 + 1.2 * 1.7 + 1.3 * 1.8 = 7.64
    # 1.0 * 2.5 + 1.1 * 2.6 + 1.2 * 2.7 + 1.3 * 2.8 = 12.24
    # 1.0 * 3.5 + 1.1 * 3.6 + 1.2 * 3.7 + 1.3 * 3.8 = 16.84
    np.testing.assert_allclose(dot_scores(QUERY[0], KEY), [7.64, 12.24, 16.84], rtol=1e-6)
    # 2.0 * 1.5 + 2.1 * 1.6 + 2.2 * 1.7 + 2.3 * 1.8 = 14.24
    # 2.0 * 2.5 + 2.1 * 2.6 + 2.2 * 2.7 + 2.3 * 2.8 = 22.84
    # 2.0 * 3.5 + 2.1 * 3.6 + 2.2 * 3.7 + 2.3 * 3.8 = 31.44
    np.testing.assert_allclose(dot_scores(QUERY[1], KEY), [14.24, 22.84, 31.44], rtol=1e-6)


def test_calculate_scores_multi_dim_concat() -> None:
    # tanh(1.0 + 1.5) + tanh(1.1 + 1.6) + tanh(1.2 + 1.7) + tanh(1.3 + 1.8) = 3.96753427840
    # tanh(1.0 + 2.5) + tanh(1.1 + 2.6) + tanh(1.2 + 2.7) + tanh(1.3 + 2.8) = 3.99558784825
    # tanh(1.0 + 3.5) + tanh(1.1 + 3.6) + tanh(1.2 + 3.7) + tanh(1.3 + 3.8) = 3.99940254147
    expected = [3.96753427840, 3.99558784825, 3.99940254147]
    np.testing.assert_allclose(concat_scores(QUERY[0], KEY), expected, rtol=1e-6)
    # tanh(2.0 + 1.5) + tanh(2.1 + 1.6) + tanh(2.2 + 1.7) + tanh(2.3 + 1.8) = 3.99558784825
    # tanh(2.0 + 2.5) + tanh(2.1 + 2.6) + tanh(2.2 + 2.7) + tanh(2.3 + 2.8) = 3.99940254147
    # tanh(2.0 + 3.5) + tanh(2.1 + 3.6) + tanh(2.2 + 3.7) + tanh(2.3 + 3.8) = 3.99991913657
    expected = [3.99558784825, 3.99940254147, 3.99991913657]
    np.testing.assert_allclose(concat_scores(QUERY[1], KEY), expected, rtol=1e-6)


def test_calculate_scores_one_dim_with_scale() -> None:
    # -2 * 1.1 * 1.6 = -3.52
    np.testing.assert_allclose(dot_scores([1.1], [[1.6]], scale=-2.0), [-3.52], rtol=1e-6)


def test_calculate_scores_one_dim_with_scale_concat() -> None:
    # tanh(2 * (1.1 + 1.6)) = 0.9999592018254402
    np.testing.assert_allclose(concat_scores([1.1], [[1.6]], scale=2.0), [0.9999592018], rtol=1e-6)


@pytest.mark.parametrize("score_mode", ["dot", "concat"])
def test_shape(score_mode: str) -> None:
    [pair] = engine(QUERY + KEY, score_mode=score_mode).attend([[0, 1]], [[2, 3, 4]])
    assert pair.scores.shape == (2, 3)
    np.testing.assert_allclose(pair.scores.sum(axis=1), [1.0, 1.0], rtol=1e-6)


def test_value_mask() -> None:
    # Id 0 is masked. Scores of the others: 1.1 * 1.6 = 1.76 and 1.1 * 0.7 = 0.77.
    # exp(1.76) / (exp(1.76) + exp(0.77)) = 0.72908792234
    # exp(0.77) / (exp(1.76) + exp(0.77)) = 0.27091207765
    # 0.72908792234 * 1.6 + 0.27091207765 * 0.7 = 1.3561791301
    scorer = engine([[-0.8], [1.6], [0.7], [1.1]], mask_zero=True)
    [pair] = scorer.attend([[3]], [[1, 2, 0]])
    np.testing.assert_allclose(pair.scores, [[0.72908792234, 0.27091207765, 0.0]], rtol=1e-6)
    np.testing.assert_allclose(scorer.score([[3]], [[1, 2, 0]]), [1.3561791301], rtol=1e-6)


def test_key() -> None:
    # The scores are those of test_value_mask, with the keys 1.6, 0.7, -0.8; the values are 0.5, 0.8, -0.3.
    # 0.72908792234 * 0.5 + 0.27091207765 * 0.8 = 0.58127362329
    config = make_config(
        task="regression",
        embedding={"input_dim": 4, "output_dim": 2, "mask_zero": True},
        conv=[{"filters": 1, "kernel_size": 1}],
        attention={"key": "convolution"},
        features=["attention"],
        dnn={"units": []},
    )
    one, zero = np.ones((1, 1), np.float32), np.zeros(1, np.float32)
    weights: dict[str, Floats] = {
        "embedding/embeddings": np.array([[-0.3, -0.8], [0.5, 1.6], [0.8, 0.7], [1.1, 0.0]], np.float32),
        "conv/0/kernel": np.array([[[1], [0]]], np.float32),  # a token's first number is its query or value
        "conv/0/bias": zero,
        "key_conv/0/kernel": np.array([[[0], [1]]], np.float32),  # and its second number is its key
        "key_conv/0/bias": zero,
        "head/kernel": one,
        "head/bias": zero,
    }
    scorer = Scorer(config, weights)
    [pair] = scorer.attend([[3]], [[1, 2, 0]])
    np.testing.assert_allclose(pair.scores, [[0.72908792234, 0.27091207765, 0.0]], rtol=1e-6)
    np.testing.assert_allclose(scorer.score([[3]], [[1, 2, 0]]), [0.58127362329], rtol=1e-6)


def test_query_mask() -> None:
    # As test_value_mask; the masked query position is excluded from the mean. Its row is uniform over the values that
    # are not masked: the network sets masked encodings to zero before the layer, so all their scores are 0.
    scorer = engine([[-0.8], [1.6], [0.7], [1.1]], mask_zero=True)
    [pair] = scorer.attend([[3, 0]], [[1, 2, 0]])
    np.testing.assert_allclose(pair.scores, [[0.72908792234, 0.27091207765, 0.0], [0.5, 0.5, 0.0]], rtol=1e-6)
    np.testing.assert_allclose(scorer.score([[3, 0]], [[1, 2, 0]]), [1.3561791301], rtol=1e-6)


def test_everything_masked() -> None:
    # The layer's output is 0, and so is the mean over no positions.
    scorer = engine([[1.1], [1.0]], mask_zero=True)
    np.testing.assert_array_equal(scorer.score([[0]], [[0]]), [0.0])
    # Only the unmasked query position counts, and it sees only the unmasked value: 1.
    np.testing.assert_allclose(scorer.score([[0, 1]], [[0, 1]]), [1.0], rtol=1e-6)


def test_self_attention_causal() -> None:
    # scores = [[0.25, 0.4, -0.15], [0.4, 0.64, -0.24], [-0.15, -0.24, 0.09]], softmax over the lower triangle:
    # [exp(0.4), exp(0.64)] / (exp(0.4) + exp(0.64)) = [0.44028635073, 0.55971364926]
    # [exp(-0.15), exp(-0.24), exp(0.09)] / (their sum) = [0.31395396638, 0.28693232061, 0.399113713]
    scorer = engine([[0.5], [0.8], [-0.3]], use_causal_mask=True)
    [pair] = scorer.attend([[0, 1, 2]], [[0, 1, 2]])
    expected = [
        [1.0, 0.0, 0.0],
        [0.44028635073, 0.55971364926, 0.0],
        [0.31395396638, 0.28693232061, 0.399113713],
    ]
    np.testing.assert_allclose(pair.scores, expected, rtol=1e-6)
    # 0.44028635073 * 0.5 + 0.55971364926 * 0.8 = 0.66791409477
    # 0.31395396638 * 0.5 + 0.28693232061 * 0.8 - 0.399113713 * 0.3 = 0.26678872577
    mean = (0.5 + 0.66791409477 + 0.26678872577) / 3
    np.testing.assert_allclose(scorer.score([[0, 1, 2]], [[0, 1, 2]]), [mean], rtol=1e-6)
