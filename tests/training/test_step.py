"""A step with the gradient of one batch, or with the gathered gradients of several."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pairlens.config.schema import Config
from pairlens.runs.run import Run
from pairlens.texts.pairs import Pairs
from pairlens.texts.texts import Texts
from pairlens.training.step import batches_to_apply
from pairlens.training.trainer import Trainer


def make_config(**training: Any) -> Config:
    model = {"embedding": {"input_dim": 7, "output_dim": 3}, "conv": [{"filters": 2}], "dnn": {"units": [3]}}
    return Config.model_validate({"data": {"train": "train"}, "model": model, "training": training})


def make_pairs(label: list[float], **columns: Any) -> Pairs:
    texts = Texts.from_lists([[1 + i % 6, i % 3] for i in range(len(label))])
    return Pairs(texts, texts, np.array(label, np.float32), **columns)


def weights_after(path: Path, config: Config, pairs: Pairs) -> dict[str, np.ndarray]:
    run = Run.create(path, config, {})
    Trainer(config, run).fit(pairs, None, lambda _: None)
    return run.weights(config)


def test_gathered_batches_are_applied_after_enough_batches_or_at_the_end_of_the_epoch() -> None:
    assert [batches_to_apply(number, 5, 2) for number in (1, 2, 3, 4, 5)] == [0, 2, 0, 2, 1]
    assert [batches_to_apply(number, 4, 2) for number in (1, 2, 3, 4)] == [0, 2, 0, 2]
    assert [batches_to_apply(number, 3, 1) for number in (1, 2, 3)] == [1, 1, 1]


def test_accumulated_batches_make_the_step_of_one_large_batch(tmp_path: Path) -> None:
    pairs = make_pairs([i % 2 for i in range(12)])  # all of one length, so padding is the same in any batch
    sgd = {"epochs": 2, "optimizer": {"name": "sgd", "learning_rate": 0.5}}
    large = weights_after(tmp_path / "large", make_config(batch_size=12, **sgd), pairs)
    small = weights_after(
        tmp_path / "small", make_config(batch_size=4, accumulate=5, **sgd), pairs
    )  # the epoch ends it
    one_by_one = weights_after(tmp_path / "each", make_config(batch_size=4, **sgd), pairs)
    for name, array in large.items():
        np.testing.assert_allclose(small[name], array, atol=1e-6)
    assert any(np.abs(one_by_one[name] - array).max() > 1e-4 for name, array in large.items())


def test_a_small_last_batch_counts_by_its_pairs(tmp_path: Path) -> None:
    """Nine weighted pairs in batches of 8 and 1 make the same step as one batch of nine."""
    sgd = {"epochs": 2, "optimizer": {"name": "sgd", "learning_rate": 0.5}}
    pairs = make_pairs([1, 0, 1, 0, 1, 0, 0, 0, 1], weight=np.array([1, 2, 3, 4, 5, 6, 7, 8, 9], np.float32))
    large = weights_after(tmp_path / "large", make_config(batch_size=16, **sgd), pairs)
    small = weights_after(tmp_path / "small", make_config(batch_size=8, accumulate=2, **sgd), pairs)
    for name, array in large.items():
        np.testing.assert_allclose(small[name], array, atol=1e-6)


@pytest.mark.parametrize("loss", ["pairwise", "listwise"])
def test_batches_of_groups_count_by_their_comparisons_or_groups(tmp_path: Path, loss: str) -> None:
    """A group of 1 positive and 2 negatives has 2 comparisons, one of 2 and 2 has 4, and one of 2 negatives none."""
    label, group = [1, 0, 0, 1, 1, 0, 0, 0, 0], np.array([0, 0, 0, 1, 1, 1, 1, 2, 2])
    sections = {"task": "ranking", "data": {"train": "train"}, "model": make_config().model.model_dump()}
    training = {"epochs": 2, "loss": loss, "optimizer": {"name": "sgd", "learning_rate": 0.5}}
    weights = [
        weights_after(
            tmp_path / str(size), Config.model_validate({**sections, "training": {**training, **sizes}}), pairs
        )
        for size, sizes, pairs in (
            (16, {"batch_size": 16}, make_pairs(label, group=group)),
            (2, {"batch_size": 2, "accumulate": 4}, make_pairs(label, group=group)),
        )
    ]
    for name, array in weights[0].items():
        np.testing.assert_allclose(weights[1][name], array, atol=1e-6)
