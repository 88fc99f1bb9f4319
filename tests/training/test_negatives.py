"""The negatives that an epoch reads: so many for each positive of their group, drawn from seed and epoch alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pairlens.config.schema import Config
from pairlens.texts.overlap import overlap_features
from pairlens.texts.pairs import Pairs
from pairlens.texts.texts import Texts
from pairlens.training.epochs import Epochs
from pairlens.training.negatives import drawn_pairs, pairs_read


def make_pairs(label: list[float], group: list[int]) -> Pairs:
    texts = Texts.from_lists([[1]] * len(label))
    return Pairs(texts, texts, np.array(label, np.float32), np.array(group))


def test_each_group_keeps_its_positives_and_as_many_negatives_as_allowed() -> None:
    # Group 7: 1 positive, 4 negatives. Group 2: 2 positives, 3 negatives. Group 5: no positive. Group 9: no negative.
    label = [0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 1]
    group = [7, 7, 7, 7, 7, 2, 2, 2, 2, 2, 5, 5, 9]
    for negatives, of_7, of_2 in ((1, 1, 2), (2, 2, 3), (4, 4, 3), (2**31 - 1, 4, 3)):
        drawn = drawn_pairs(make_pairs(label, group), negatives, seed=1, epoch=1)
        assert np.bincount(np.array(group)[drawn], minlength=10)[[2, 5, 7, 9]].tolist() == [2 + of_2, 0, 1 + of_7, 1]
        assert np.array(label)[drawn].sum() == 4
        assert (np.diff(drawn) > 0).all()


def test_every_negative_is_drawn_equally_often() -> None:
    pairs = make_pairs([0, 0, 1, 0, 0, 0], [0] * 6)
    counts = np.zeros(6)
    for epoch in range(1000):
        counts[drawn_pairs(pairs, 2, seed=3, epoch=epoch)] += 1
    assert counts[2] == 1000
    assert np.delete(counts, 2) == pytest.approx(400, abs=60)  # 2 of 5; the standard deviation is 15


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0.0, 1.0]), st.integers(0, 4)), min_size=1, max_size=40), st.integers(1, 3))
def test_seed_and_epoch_alone_decide(pairs: list[tuple[float, int]], negatives: int) -> None:
    label, group = map(list, zip(*pairs, strict=True))
    made = make_pairs(label, group)
    drawn = drawn_pairs(made, negatives, 5, 2)
    np.testing.assert_array_equal(drawn, drawn_pairs(made, negatives, 5, 2))
    for number in set(group):
        labels = [label[i] for i in drawn if group[i] == number]
        given_ = [y for y, g in pairs if g == number]
        positives = given_.count(1.0)
        assert labels.count(1.0) == positives
        assert labels.count(0.0) == min(given_.count(0.0), negatives * positives)


def test_the_batches_of_an_epoch_have_what_was_drawn_with_its_overlap_and_weight() -> None:
    model = {"embedding": {"input_dim": 9}, "overlap": True}
    sections = {"task": "ranking", "data": {"train": "train"}, "model": model}
    config = Config.model_validate({**sections, "training": {"negatives": 2, "batch_size": 3, "epochs": 2}})
    query, value = Texts.from_lists([[1, 2]] * 8), Texts.from_lists([[i + 1] for i in range(8)])
    label, group = np.array([0, 0, 1, 0, 0, 0, 0, 0], np.float32), np.array([0] * 6 + [1] * 2)
    weight, idf = np.arange(1, 9, dtype=np.float32), np.arange(9, dtype=np.float32)
    epochs = Epochs(config, Pairs(query, value, label, group=group, weight=weight), idf)
    overlap, readings = overlap_features(query, value, idf), set()
    for epoch in range(1, 9):
        pairs = [batch.value[i, 0] - 1 for batch in epochs.batches(epoch) for i in range(len(batch.label))]
        batches = list(epochs.batches(epoch))
        assert sorted(pairs) == drawn_pairs(Pairs(query, value, label, group=group), 2, 1, epoch).tolist()
        np.testing.assert_array_equal(np.concatenate([batch.overlap for batch in batches]), overlap[pairs])
        weights = np.concatenate([batch.weight for batch in batches])
        np.testing.assert_allclose(weights, weight[pairs] / weight[pairs].mean(), rtol=1e-6)  # mean 1
        assert pairs_read(config, Pairs(query, value, label, group=group)) == len(pairs)
        readings.add(tuple(sorted(pairs)))
    assert len(readings) > 1
