"""What is minimised and how: losses, weights, schedules, accumulated batches, warm start, several seeds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from command_line import make_project, pairlens

from pairlens.config.schema import Config
from pairlens.errors import DataError
from pairlens.runs.run import Run
from pairlens.texts.overlap import overlap_features
from pairlens.texts.pairs import Pairs, Texts
from pairlens.training.batches import Batch, training_batches
from pairlens.training.losses import batch_loss, pair_weights
from pairlens.training.trainer import Trainer


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


def test_a_pair_counts_as_much_as_its_weight_says() -> None:
    batch = make_batch([1, 3], weight=[0.5, 1.5])
    assert loss("mse", batch, [[2.0, 1.0]]) == pytest.approx((0.5 * 1 + 1.5 * 4) / 2)


def make_config(**training: Any) -> Config:
    model = {"embedding": {"input_dim": 7, "output_dim": 3}, "conv": [{"filters": 2}], "dnn": {"units": [3]}}
    return Config.model_validate({"data": {"train": "train"}, "model": model, "training": training})


def make_pairs(label: list[float], **columns: Any) -> Pairs:
    texts = Texts.from_lists([[1 + i % 6, i % 3] for i in range(len(label))])
    return Pairs(texts, texts, np.array(label, np.float32), **columns)


def test_class_weights_and_pair_weights_multiply() -> None:
    pairs = make_pairs([1, 0, 0, 0], weight=np.array([1, 1, 1, 3], np.float32))
    np.testing.assert_allclose(pair_weights(make_config(), pairs), np.array([1, 1, 1, 3]) / 1.5)
    # Balanced: 4 / (2 * 1) for the one positive, 4 / (2 * 3) for each negative; then 3 times as much for the last.
    balanced = np.array([2, 2 / 3, 2 / 3, 2])
    np.testing.assert_allclose(
        pair_weights(make_config(class_weight="balanced"), pairs), balanced / balanced.mean(), rtol=1e-6
    )
    explicit = np.array([5, 1, 1, 3])
    np.testing.assert_allclose(
        pair_weights(make_config(class_weight=[1, 5]), pairs), explicit / explicit.mean(), rtol=1e-6
    )
    with pytest.raises(DataError, match="3 weights; the labels have 2 classes"):
        pair_weights(make_config(class_weight=[1, 2, 3]), pairs)


def test_batches_by_group_hold_whole_groups() -> None:
    group = np.repeat(np.arange(10), [1, 2, 3, 4, 5, 1, 2, 3, 4, 5])
    pairs = make_pairs([0.0] * 30, group=group * 7)
    batches = list(training_batches(pairs, 6, seed=1, epoch=1, by_group=True))
    held = [set(batch.group.tolist()) for batch in batches]
    assert sum(map(len, held)) == 10  # no group is in two batches
    assert sum(len(batch.label) for batch in batches) == 30
    assert all(len(batch.label) >= 6 for batch in batches[:-1])


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        # Of 10 epochs of 4 steps: the rate of the first step, after 1 epoch (half of the warm-up), and after 5 epochs.
        ({"name": "constant"}, [1.0, 1.0, 1.0]),
        ({"name": "linear"}, [1.0, 0.9, 0.5]),
        ({"name": "cosine"}, [1.0, 0.5 + 0.5 * np.cos(np.pi * 0.1), 0.5]),
        ({"name": "linear", "warmup": 0.2}, [0.25 / 2, 0.9 * 1.25 / 2, 0.5]),
    ],
)
def test_schedules(tmp_path: Path, schedule: dict[str, Any], expected: list[float]) -> None:
    config = make_config(epochs=10, schedule=schedule, optimizer={"name": "sgd", "learning_rate": 1.0})
    trainer = Trainer(config, Run.create(tmp_path / "run", config, {}))
    assert [trainer._learning_rate(done, 0.25) for done in (0, 1, 5)] == pytest.approx(expected)


def weights_after(path: Path, config: Config, pairs: Pairs) -> dict[str, np.ndarray]:
    run = Run.create(path, config, {})
    Trainer(config, run).fit(pairs, None, lambda _: None)
    return run.weights(config)


def test_accumulated_batches_make_the_step_of_one_large_batch(tmp_path: Path) -> None:
    pairs = make_pairs([i % 2 for i in range(12)])  # all of one length: any batches are padded alike
    sgd = {"epochs": 2, "optimizer": {"name": "sgd", "learning_rate": 0.5}}
    large = weights_after(tmp_path / "large", make_config(batch_size=12, **sgd), pairs)
    small = weights_after(
        tmp_path / "small", make_config(batch_size=4, accumulate=5, **sgd), pairs
    )  # the epoch ends it
    one_by_one = weights_after(tmp_path / "each", make_config(batch_size=4, **sgd), pairs)
    for name, array in large.items():
        np.testing.assert_allclose(small[name], array, atol=1e-6)
    assert any(np.abs(one_by_one[name] - array).max() > 1e-4 for name, array in large.items())


def test_a_warm_start_begins_with_the_weights_of_the_run(tmp_path: Path) -> None:
    pairs = make_pairs([0, 1] * 4)
    first = weights_after(tmp_path / "first", make_config(epochs=2), pairs)
    still = {"optimizer": {"name": "sgd", "learning_rate": 1e-30}, "epochs": 1, "seed": 5}
    second = weights_after(tmp_path / "second", make_config(warm_start=tmp_path / "first", **still), pairs)
    for name, array in first.items():
        np.testing.assert_array_equal(second[name], array)


def test_seeds_trains_several_and_tells_their_mean_and_deviation(tmp_path: Path) -> None:
    make_project(tmp_path)
    result = pairlens(
        tmp_path, "train", "config.yaml", "--set", "training.epochs=1", "--seeds", "2", "--output", "many"
    )
    assert result.code == 0, result.stderr
    summary = json.loads(result.stdout)
    assert summary["runs"] == ["many/seed-1", "many/seed-2"]
    each = [json.loads((tmp_path / run / "evaluation.json").read_text())["dev"]["log_loss"] for run in summary["runs"]]
    assert summary["dev"]["log_loss"]["mean"] == pytest.approx(np.mean(each))
    assert summary["dev"]["log_loss"]["deviation"] == pytest.approx(np.std(each, ddof=1))


@pytest.mark.parametrize(("rate", "readings"), [(0.5, 3), (0.0, 1)])
def test_word_dropout_reads_each_epoch_anew_and_the_overlap_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rate: float, readings: int
) -> None:
    config = make_config(word_dropout={"rate": rate, "unknown_id": 1}, epochs=3).model_dump()
    config["model"]["overlap"] = True
    config = Config.model_validate(config)
    query = Texts.from_lists([[2, 3], [4, 3], [5, 3], [6, 3]])
    pairs = Pairs(query, query, np.array([0, 1, 0, 1], np.float32))
    epochs: list[tuple[list[int], Any]] = []

    def spy(read: Pairs, *args: Any) -> Any:
        overlap = args[3]
        trainer_idf = trainer.network.encoder.idf.numpy()
        np.testing.assert_array_equal(overlap, overlap_features(read.query, read.value, trainer_idf))
        epochs.append((read.query.ids.tolist(), overlap))
        return training_batches(read, *args)

    monkeypatch.setattr("pairlens.training.trainer.training_batches", spy)
    trainer = Trainer(config, Run.create(tmp_path / "run", config, environment={}))
    trainer.fit(pairs, None, lambda _: None)
    assert len(epochs) == 3
    assert len({tuple(ids) for ids, _ in epochs}) == readings
    for ids, _ in epochs:
        assert ids[1::2] == [3, 3, 3, 3]  # every query holds it
        assert all(found in (1, word) for found, word in zip(ids[::2], [2, 4, 5, 6], strict=True))
    assert pairs.query.ids.tolist() == [2, 3, 4, 3, 5, 3, 6, 3]
