"""The losses, compared with values computed by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from pairlens.training.batches import Batch
from pairlens.training.losses import batch_loss


def make_batch(label: list[float], weight: list[float] | None = None, group: list[int] | None = None) -> Batch:
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
