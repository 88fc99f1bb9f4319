"""The losses, compared with values computed by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from pairlens.training.batches import Batch
from pairlens.training.losses import batch_loss


def make_batch(label: list[Any], weight: list[float] | None = None, group: list[int] | None = None) -> Batch:
    ids, length = np.zeros((len(label), 1), np.int32), np.ones(len(label), np.int32)
    return Batch(
        ids,
        length,
        ids,
        length,
        np.zeros((len(label), 0), np.float32),
        np.array(label, np.float32),
        np.array(weight or [1.0] * len(label), np.float32),
        np.array(group or [0] * len(label), np.int32),
    )


def loss(name: str, batch: Batch, logits: Any, smoothing: float = 0.0) -> float:
    return float(batch_loss(name, smoothing, batch, tf.constant(logits, tf.float32)))


def test_losses_by_hand() -> None:
    batch = make_batch([1, 3])
    # Errors 1 and -2: squares 1 and 4, absolute values 1 and 2, Huber (knee at 1) 1 - 0.5 and 2 - 0.5.
    assert loss("mse", batch, [[2.0, 1.0]]) == pytest.approx(2.5)
    assert loss("mae", batch, [[2.0, 1.0]]) == pytest.approx(1.5)
    assert loss("huber", batch, [[2.0, 1.0]]) == pytest.approx(1.0)
    # -ln sigmoid(ln 3) = -ln 3/4, and for label 0 with logit 0 -ln 1/2.
    assert loss("cross_entropy", make_batch([1, 0]), [[np.log(3), 0.0]]) == pytest.approx(-np.log(3 / 4 * 1 / 2) / 2)
    # Class 1 with probabilities 1/4, 1/2, 1/4.
    assert loss("cross_entropy", make_batch([1]), [[[0.0, np.log(2), 0.0]]]) == pytest.approx(np.log(2))


def test_smoothing_spreads_a_share_of_the_label_over_all_classes() -> None:
    # A share of 0.2 over two classes makes the target 0.9: -0.9 ln 3/4 - 0.1 ln 1/4.
    expected = -0.9 * np.log(3 / 4) - 0.1 * np.log(1 / 4)
    assert loss("cross_entropy", make_batch([1]), [[np.log(3)]], 0.2) == pytest.approx(expected)
    assert loss("cross_entropy", make_batch([1]), [[[0.0, np.log(3)]]], 0.2) == pytest.approx(expected)


def test_a_probability_as_label_is_the_expected_loss() -> None:
    # Label 0.25 with logit ln 3: -0.25 ln 3/4 - 0.75 ln 1/4.
    expected = -0.25 * np.log(3 / 4) - 0.75 * np.log(1 / 4)
    assert loss("cross_entropy", make_batch([0.25]), [[np.log(3)]]) == pytest.approx(expected)
    # The network gives the classes 1/4, 1/2, 1/4.
    logits, rows = [[[0.0, np.log(2), 0.0]]], make_batch([[0.5, 0.3, 0.2]])
    assert loss("cross_entropy", rows, logits) == pytest.approx(-0.7 * np.log(1 / 4) - 0.3 * np.log(1 / 2))
    # Smoothing by 0.3 makes these targets 0.45, 0.31, 0.24.
    smooth = -0.69 * np.log(1 / 4) - 0.31 * np.log(1 / 2)
    assert loss("cross_entropy", rows, logits, 0.3) == pytest.approx(smooth)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_a_class_is_a_row_in_which_it_has_probability_1(smoothing: float) -> None:
    """To the bit, in both orders of the texts, and with weights."""
    logits = np.random.default_rng(1).standard_normal((2, 3, 4))
    classes, rows = (make_batch(label, weight=[1, 2, 0.5]) for label in ([2, 0, 3], np.eye(4)[[2, 0, 3]].tolist()))
    assert loss("cross_entropy", classes, logits, smoothing) == loss("cross_entropy", rows, logits, smoothing)


def test_the_pairwise_loss_counts_a_comparison_by_the_difference_of_its_labels() -> None:
    # 0.9 against 0.4, of difference 0.5 and with weights 3 and 2; the third has the label of the second.
    batch = make_batch([0.9, 0.4, 0.4], weight=[3, 2, 1])
    expected = 0.5 * (3 * 2 * np.log1p(np.exp(1 - 2)) + 3 * 1 * np.log1p(np.exp(0 - 2))) / 2
    assert loss("pairwise", batch, [[2.0, 1.0, 0.0]]) == pytest.approx(expected)


def test_the_pairwise_loss_compares_within_groups_only() -> None:
    # ln(1 + e**(negative - positive)): in group 0 of 1 against 2, in group 1 of 3 and of 1 against 0.
    batch = make_batch([1, 0, 1, 0, 0], group=[0, 0, 1, 1, 1])
    expected = np.mean([np.log1p(np.exp(1 - 2)), np.log1p(np.exp(3 - 0)), np.log1p(np.exp(1 - 0))])
    assert loss("pairwise", batch, [[2.0, 1.0, 0.0, 3.0, 1.0]]) == pytest.approx(expected)
    assert loss("pairwise", make_batch([1, 1]), [[2.0, 1.0]]) == 0.0  # nothing to compare


def test_the_pairwise_loss_multiplies_the_weights_of_both_pairs() -> None:
    # In group 0 of 1 against 2, with weights 5 and 3; in group 1 of 3 against 0, with weights 1 and 2.
    batch = make_batch([1, 0, 1, 0], weight=[5, 3, 1, 2], group=[0, 0, 1, 1])
    expected = (5 * 3 * np.log1p(np.exp(1 - 2)) + 1 * 2 * np.log1p(np.exp(3 - 0))) / 2
    assert loss("pairwise", batch, [[2.0, 1.0, 0.0, 3.0]]) == pytest.approx(expected)
    # The weight also counts if the group is alone in its batch.
    assert loss("pairwise", make_batch([1, 0], weight=[5, 1]), [[2.0, 1.0]]) == pytest.approx(5 * np.log1p(np.exp(-1)))


def test_a_pair_counts_by_its_weight() -> None:
    batch = make_batch([1, 3], weight=[0.5, 1.5])
    assert loss("mse", batch, [[2.0, 1.0]]) == pytest.approx((0.5 * 1 + 1.5 * 4) / 2)
