"""The overlap features in TensorFlow are those of the kernel, which reads ragged texts."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from exported import padded
from models import Texts, random_texts

from pairlens.export.overlap import overlap_features
from pairlens.texts.overlap import overlap_features as of_ragged
from pairlens.texts.texts import Texts as Ragged


def features(queries: Texts, values: Texts, idf: np.ndarray) -> np.ndarray:
    inputs = padded(queries, values, extra=(1, 3))
    ids = {name: x % len(idf) if name.endswith("ids") else x for name, x in inputs.items()}  # padding of known ids
    return overlap_features(*(tf.constant(x) for x in ids.values()), tf.constant(idf)).numpy()


def test_hand_derived_numbers() -> None:
    """Sets, sums of idf, and bigrams, counted in the comment below."""
    idf = np.array([0.0, 0.5, 0.25, 0.125, 1.0], np.float32)
    [found] = features([np.array([1, 2, 1], np.int32)], [np.array([2, 1, 3, 4], np.int32)], idf)
    # Q = {1, 2}, V = {1, 2, 3, 4}: all of Q is in V. w(Q) = .75, w(V) = 1.875, w(V\Q) = 1.125. Of the bigrams 12 and
    # 21 of the query, 21 is one of the value's 21, 13 and 34.
    expected = [1, 2 / 4, 2 / 4, 1, 0.75 / 1.875, 0.75 / 1.875, np.log(1.75), 0, np.log(2.125)]
    expected += [1 / 2, 1 / 3, np.log(3), np.log(4), np.log(3 / 4), 0]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


def test_any_texts() -> None:
    """Of few ids, so that tokens and bigrams repeat; some are empty, and some pairs are equal."""
    idf = np.random.default_rng(3).uniform(0, 1, 5).astype(np.float32)
    queries, values = (random_texts(200, 9, 5, seed, shortest=0) for seed in (1, 2))
    values[::10] = queries[::10]
    expected = of_ragged(Ragged.from_lists(queries), Ragged.from_lists(values), idf)
    np.testing.assert_allclose(features(queries, values, idf), expected, rtol=0, atol=1e-6)
