"""The rows of the embedding for the words of a batch."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from pairlens.config.keras import Adam
from pairlens.texts.pairs import Pairs
from pairlens.texts.texts import Texts
from pairlens.training.batches import training_batches
from pairlens.training.embedding_rows import EmbeddingRows


def test_rows_of_a_batch_by_hand() -> None:
    pairs = Pairs(Texts.from_lists([[7, 3, 7]]), Texts.from_lists([[9]]), np.zeros(1, np.float32))
    batch = training_batches(pairs, 1, seed=1, epoch=1)[0]
    embeddings = np.arange(20, dtype=np.float32).reshape(10, 2)
    table = EmbeddingRows(Adam(), *(tf.Variable(x) for x in (embeddings, 0 * embeddings, 0 * embeddings)))
    table.start(0)
    rows = table.of_batch(batch)
    assert rows.ids.tolist() == [3, 7, 9]
    assert rows.query.tolist() == [[1, 0, 1]]
    assert rows.value.tolist() == [[2]]
    np.testing.assert_array_equal(rows.embeddings, embeddings[[3, 7, 9]])


def test_collect_brings_the_variables_up_to_date() -> None:
    pairs = Pairs(Texts.from_lists([[3]]), Texts.from_lists([[3]]), np.zeros(1, np.float32))
    batch = training_batches(pairs, 1, seed=1, epoch=1)[0]
    embeddings, means, squares = (tf.Variable(tf.zeros([10, 2])) for _ in range(3))
    table = EmbeddingRows(Adam(), embeddings, means, squares)
    table.collect()  # nothing was moved yet
    table.start(0)
    table.move(table.of_batch(batch), np.ones((1, 2), np.float32), 0.01)
    assert not embeddings.numpy().any()
    table.collect()
    np.testing.assert_allclose(embeddings.numpy()[3], [-0.01, -0.01], rtol=1e-5)  # Adam's first step is the rate
    np.testing.assert_allclose(means.numpy()[3], [0.1, 0.1], rtol=1e-5)
    assert table.touched.numpy().tolist() == [0, 0, 0, 1, 0, 0, 0, 0, 0, 0]
