"""ListNet's loss, compared with values computed by hand and with a slow formula."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from pairlens.texts.pairs import Pairs
from pairlens.texts.texts import Texts
from pairlens.training.batches import Batch, Batches
from pairlens.training.losses import batch_loss, counted


def make_batch(label: list[float], weight: list[float] | None = None, group: list[int] | None = None) -> Batch:
    texts, count = Texts.from_lists([[1]] * len(label)), len(label)
    columns = {"weight": np.array(weight or [1] * count, np.float32), "group": np.array(group or [0] * count)}
    return Batches(Pairs(texts, texts, np.array(label, np.float32), **columns), [np.arange(count)], None)[0]


def loss(batch: Batch, logits: Any) -> float:
    return float(batch_loss("listwise", 0.0, batch, tf.constant(logits, tf.float32)))


def slow_loss(label: list[float], weight: list[float], group: list[int], logits: list[float]) -> float:
    """The loss in the words of its docstring, for weights that are whole numbers: each pair occurs `weight` times."""
    terms = []
    for number in {g for g, y in zip(group, label, strict=True) if y > 0}:
        pairs = [i for i, g in enumerate(group) if g == number and weight[i] > 0]
        labels = sum(label[i] for i in pairs)
        whole = sum(weight[i] * np.exp(logits[i]) for i in pairs)
        terms.append(
            -sum(label[i] / labels * weight[i] * np.log(weight[i] * np.exp(logits[i]) / whole) for i in pairs if labels)
        )
    return float(np.mean(terms)) if terms else 0.0


def test_the_positives_of_a_group_share_the_target() -> None:
    # Scores ln 1, ln 2, ln 5 have probabilities 1/8, 2/8, 5/8; the first two pairs are positive, with 1/2 each.
    batch = make_batch([1, 1, 0])
    expected = -(np.log(1 / 8) + np.log(2 / 8)) / 2
    assert loss(batch, [np.log([1.0, 2.0, 5.0])]) == pytest.approx(expected)
    # In the second group the one positive has 3/4. The third has no positive and does not count.
    batch = make_batch([1, 1, 0, 0, 1, 0, 0], group=[0, 0, 0, 1, 1, 2, 2])
    logits = [np.log([1.0, 2.0, 5.0, 1.0, 3.0, 1.0, 7.0])]
    assert loss(batch, logits) == pytest.approx((expected - np.log(3 / 4)) / 2)
    assert float(counted("listwise", batch)) == 2.0


def test_a_soft_label_is_its_share_of_the_groups_sum() -> None:
    # 0.6 and 0.2 are 3/4 and 1/4 of their sum; the probabilities are 1/3 and 2/3.
    expected = -(3 / 4 * np.log(1 / 3) + 1 / 4 * np.log(2 / 3))
    assert loss(make_batch([0.6, 0.2]), [np.log([1.0, 2.0])]) == pytest.approx(expected)


def test_a_pair_of_weight_2_counts_as_two_in_the_softmax_and_its_term_twice() -> None:
    # 2 · 1, 1 · 2 and 3 · 4 of 16. The positive is the first: 2 · -ln 2/16.
    batch = make_batch([1, 0, 0], weight=[2, 1, 3])
    assert loss(batch, [np.log([1.0, 2.0, 4.0])]) == pytest.approx(-2 * np.log(2 / 16))
    # A negative of weight 0 is as absent; a positive of weight 0, alone in its group, leaves nothing to learn.
    batch = make_batch([1, 0, 0], weight=[1, 1, 0])
    assert loss(batch, [np.log([1.0, 2.0, 4.0])]) == pytest.approx(-np.log(1 / 3))
    assert loss(make_batch([1, 0], weight=[0, 1]), [[2.0, 1.0]]) == 0.0


def test_both_orders_of_a_symmetric_model_count_half() -> None:
    batch, one, other = make_batch([1, 0]), np.log([1.0, 3.0]), np.log([3.0, 1.0])
    assert loss(batch, [one, other]) == pytest.approx(-(np.log(1 / 4) + np.log(3 / 4)) / 2)


pair = st.tuples(st.sampled_from([0.0, 0.25, 1.0]), st.integers(0, 3), st.integers(0, 2), st.floats(-9, 9, width=32))


@settings(max_examples=30, deadline=None)
@given(st.lists(pair, min_size=1, max_size=9))
def test_any_groups_against_the_slow_formula(pairs: list[tuple[float, int, int, float]]) -> None:
    label, weight, group, logits = map(list, zip(*pairs, strict=True))
    batch = make_batch(label, weight, group)
    scores = tf.constant([logits])
    with tf.GradientTape() as tape:
        tape.watch(scores)
        found = batch_loss("listwise", 0.0, batch, scores)
    assert float(found) == pytest.approx(slow_loss(label, weight, group, logits), rel=1e-4, abs=1e-4)
    gradient = tape.gradient(found, scores).numpy()
    assert np.isfinite(gradient).all()
    for number in set(group):  # moving all scores of a group changes nothing
        assert gradient[0, np.array(group) == number].sum() == pytest.approx(0.0, abs=1e-4)
