"""The training loop: the same bits for the same seed, the best weights kept, early stopping."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from pairlens.config.schema import Config
from pairlens.config.training import TrainingConfig
from pairlens.config.weights import weight_shapes
from pairlens.metrics import evaluate_scores
from pairlens.runs.run import Run
from pairlens.scoring.scorer import Scorer
from pairlens.texts.pairs import Pairs
from pairlens.texts.texts import Texts
from pairlens.training.events import Evaluation, Step
from pairlens.training.trainer import Trainer

Event = Step | Evaluation
Weights = dict[str, np.ndarray]

INPUT_DIM, OUTPUT_DIM = 11, 3
OPTIMIZERS = [
    section.model_fields["name"].default for section in get_args(TrainingConfig.model_fields["optimizer"].annotation)
]


def make_config(task: str = "binary", embedding: dict[str, Any] | None = None, **training: Any) -> Config:
    """A network with every kind of dropout."""
    model = {
        "embedding": {"input_dim": INPUT_DIM, "output_dim": OUTPUT_DIM, "dropout": 0.2, **(embedding or {})},
        "conv": [{"filters": 2, "kernel_size": 2}],
        "attention": {"dropout": 0.1},
        "dnn": {"units": [5], "dropout": 0.1},
    }
    return Config.model_validate(
        {"task": task, "data": {"train": "train"}, "model": model, "training": {"batch_size": 8, **training}}
    )


def make_pairs(count: int, seed: int) -> Pairs:
    """Random texts; label 1 where the value is the query reversed."""
    random = np.random.default_rng(seed)
    queries = [random.integers(0, INPUT_DIM, random.integers(1, 6)) for _ in range(count)]
    label = random.integers(0, 2, count).astype(np.float32)
    values = [q[::-1] if same else random.integers(0, INPUT_DIM, 3) for q, same in zip(queries, label, strict=True)]
    return Pairs(Texts.from_lists(queries), Texts.from_lists(values), label)


TRAIN, DEV = make_pairs(30, 1), make_pairs(20, 2)  # 30 pairs are 4 batches of 8, the last of 6


def ignore(_: Event) -> None:
    pass


def train(
    path: Path, config: Config, train: Pairs = TRAIN, dev: Pairs | None = DEV, listen: Callable[[Event], None] = ignore
) -> Run:
    run = Run(path) if path.exists() else Run.create(path, config, {})
    Trainer(config, run).fit(train, dev, listen)
    return run


def read_metrics(run: Run) -> list[dict[str, Any]]:
    """The lines of metrics.jsonl without the speed."""
    lines = [json.loads(line) for line in (run.path / "metrics.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key != "pairs_per_second"} for line in lines]


def same_weights(one: Run, other: Run, config: Config) -> bool:
    """To the last bit."""
    first, second = one.weights(config), other.weights(config)
    assert first.keys() == second.keys()
    return all(np.array_equal(first[name], second[name]) for name in first)


CONFIG = make_config(epochs=4, early_stopping=None)


@pytest.fixture(scope="module")
def events() -> list[Event]:
    return []


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory, events: list[Event]) -> Run:
    return train(tmp_path_factory.mktemp("training") / "straight", CONFIG, listen=events.append)


def test_a_listener_gets_every_step_and_every_evaluation(straight: Run, events: list[Event]) -> None:
    steps = [(event.epoch, event.step) for event in events if isinstance(event, Step)]
    assert steps == [(epoch, step) for epoch in (1, 2, 3, 4) for step in (1, 2, 3, 4)]
    assert all((event.epochs, event.steps) == (4, 4) for event in events if isinstance(event, Step))
    evaluations = [event for event in events if isinstance(event, Evaluation)]
    assert [events.index(evaluation) for evaluation in evaluations] == [4, 9, 14, 19]  # after four steps each
    assert [(e.epoch, e.loss, e.dev, e.best) for e in evaluations] == [
        (line["epoch"], line["loss"], line["dev"], line["best"]) for line in read_metrics(straight)
    ]
    # An epoch's loss is the mean over its pairs, which is also the last step's.
    last_steps = [event for event in events if isinstance(event, Step) and event.step == 4]
    assert [step.loss for step in last_steps] == [evaluation.loss for evaluation in evaluations]


def test_the_same_seed_gives_the_same_bits(straight: Run, tmp_path: Path) -> None:
    again = train(tmp_path / "again", CONFIG)
    assert same_weights(straight, again, CONFIG)
    assert read_metrics(straight) == read_metrics(again)


def test_another_seed_gives_other_weights(straight: Run, tmp_path: Path) -> None:
    other = train(tmp_path / "other", make_config(epochs=4, early_stopping=None, seed=2))
    assert not same_weights(straight, other, CONFIG)


def test_early_stopping_and_the_best_weights(tmp_path: Path) -> None:
    """Dev has the opposite labels: the more is learned, the worse it gets, so the first epoch is the best."""
    config = make_config(
        epochs=50,
        optimizer={"name": "adam", "learning_rate": 0.01},
        early_stopping={"metric": "log_loss", "patience": 2},
    )
    assert TRAIN.label is not None
    dev = Pairs(TRAIN.query, TRAIN.value, 1 - TRAIN.label)
    run = train(tmp_path / "run", config, dev=dev)
    metrics = read_metrics(run)
    assert [line["best"] for line in metrics] == [True, False, False]  # as Keras counts
    score = Scorer(config, run.weights(config)).score(dev.query, dev.value)
    assert evaluate_scores("binary", 1 - TRAIN.label, score)["log_loss"] == metrics[0]["dev"]["log_loss"]
    evaluation = json.loads((run.path / "evaluation.json").read_text())
    assert evaluation["dev"]["log_loss"] == metrics[0]["dev"]["log_loss"]


def test_without_dev_all_epochs_are_trained_and_the_last_weights_kept(tmp_path: Path) -> None:
    config = make_config(epochs=5, early_stopping={"patience": 0})
    run = train(tmp_path / "run", config, dev=None)
    assert [(line["epoch"], line["dev"], line["best"]) for line in read_metrics(run)] == [
        (epoch, {}, True) for epoch in range(1, 6)
    ]
    checkpoint = run.checkpoint()
    assert checkpoint is not None
    for name, array in run.weights(config).items():
        np.testing.assert_array_equal(checkpoint.arrays[name], array)
    assert run.threshold() == 0.5  # none was fitted


@pytest.mark.parametrize(
    "embedding", [{}, {"dropout": 0.0}, {"dropout": 0.0, "mask_zero": True}, {"match_channels": True}]
)
@pytest.mark.parametrize("lazy", [False, True])
def test_the_rows_of_the_embedding_move_as_in_tensorflow(tmp_path: Path, embedding: dict[str, Any], lazy: bool) -> None:
    """With clipping, TensorFlow updates the rows; no gradient reaches this limit."""
    weights = []
    for name, clip in (("rows", None), ("whole", 1e9)):
        optimizer = {"name": "adam", "learning_rate": 0.01, "lazy": lazy, "clipvalue": clip}
        config = make_config(embedding=embedding, epochs=4, early_stopping=None, optimizer=optimizer)
        weights.append(train(tmp_path / name, config, dev=None).weights(config))
    for name, weight in weights[0].items():
        np.testing.assert_allclose(weight, weights[1][name], rtol=0, atol=1e-5, err_msg=name)


def test_regression(tmp_path: Path) -> None:
    """The target is ten plus the query's share of id 0: it begins at the mean, and learns the rest."""
    random = np.random.default_rng(3)
    queries = [random.choice([0, 1], 4).tolist() for _ in range(64)]
    label = 10 + np.mean(np.array(queries) == 0, axis=1, dtype=np.float32)
    pairs = Pairs(Texts.from_lists(queries), Texts.from_lists([[2]] * 64), label)
    optimizer = {"name": "adam", "learning_rate": 0.03}
    config = make_config("regression", {"dropout": 0.0}, epochs=15, optimizer=optimizer, early_stopping=None)
    run = train(tmp_path / "run", config, pairs, pairs)
    metrics = read_metrics(run)
    variance = float(label.var())
    assert metrics[0]["loss"] < 3  # in variances of the label; from the label 0 it would begin at about 110 / variance
    evaluation = json.loads((run.path / "evaluation.json").read_text())
    assert evaluation.keys() == {"dev"}  # no threshold
    assert evaluation["dev"]["mse"] < variance / 2
    assert evaluation["dev"]["pearson"] > 0.8


def test_pretrained_embeddings_that_stay(tmp_path: Path) -> None:
    config = make_config(embedding={"trainable": False}, epochs=1)
    pretrained = np.arange(INPUT_DIM * OUTPUT_DIM, dtype=np.float32).reshape(INPUT_DIM, OUTPUT_DIM)
    run = Run.create(tmp_path / "run", config, {})
    Trainer(config, run, pretrained).fit(TRAIN, None, ignore)
    np.testing.assert_array_equal(run.weights(config)["embedding/embeddings"], pretrained)


def test_a_warm_start_begins_with_the_weights_of_the_run(tmp_path: Path) -> None:
    config = make_config(epochs=2)
    first = train(tmp_path / "first", config, dev=None).weights(config)
    still = {"optimizer": {"name": "sgd", "learning_rate": 1e-30}, "epochs": 1, "seed": 5}
    config = make_config(warm_start=tmp_path / "first", **still)
    second = train(tmp_path / "second", config, dev=None).weights(config)
    for name, array in first.items():
        np.testing.assert_array_equal(second[name], array)


def test_a_warm_start_from_another_vocabulary_matches_rows_by_word(tmp_path: Path) -> None:
    """The old run has the words a, b and c; the new one has c, new, a, and eight ids without a word."""
    config = make_config(embedding={"match_channels": True})
    sections = config.model_dump()
    sections["model"]["embedding"]["input_dim"] = 3
    origin = Config.model_validate(sections)
    weights = {name: np.full(shape, 0.5, np.float32) for name, shape in weight_shapes(origin.model).items()} | {
        "embedding/embeddings": np.array([[1, 1, 1], [2, 2, 2], [3, 3, 3]], np.float32),
        "tokens/idf": np.array([0.1, 0.2, 0.3], np.float32),
    }
    Run.create(tmp_path / "first", origin, {}, carried={"vocab.txt": b"a\nb\nc\n"}).write_weights(weights)
    (tmp_path / "vocab.txt").write_text("c\nnew\na\n\n")
    still = {"optimizer": {"name": "sgd", "learning_rate": 1e-30}, "epochs": 1}
    fresh_config = make_config(embedding={"match_channels": True}, **still)
    fresh = train(tmp_path / "fresh", fresh_config, dev=None).weights(fresh_config)
    sections = fresh_config.model_dump()
    sections["data"]["vocab"] = tmp_path / "vocab.txt"
    sections["training"] |= {"warm_start": tmp_path / "first", "warm_start_words": True}
    warm_config = Config.model_validate(sections)
    warm, again = (train(tmp_path / name, warm_config, dev=None).weights(warm_config) for name in ("one", "two"))
    embeddings, idf = warm["embedding/embeddings"], warm["tokens/idf"]
    np.testing.assert_array_equal(embeddings[[0, 2]], [[3, 3, 3], [1, 1, 1]])
    np.testing.assert_array_equal(idf[[0, 2]], np.array([0.3, 0.1], np.float32))
    others = [1, *range(3, INPUT_DIM)]
    np.testing.assert_array_equal(embeddings[others], fresh["embedding/embeddings"][others])
    np.testing.assert_array_equal(idf[others], fresh["tokens/idf"][others])
    for name in warm:
        np.testing.assert_array_equal(warm[name], again[name])
        if name not in ("embedding/embeddings", "tokens/idf"):
            np.testing.assert_array_equal(warm[name], weights[name])


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_takes_a_step_with_its_defaults(tmp_path: Path, name: str) -> None:
    sections = make_config(epochs=1, batch_size=30, optimizer=name).model_dump()
    sections["model"] |= {"conv": [], "dnn": {"units": []}, "attention": {}}  # less to build
    config = Config.model_validate(sections)
    run = Run.create(tmp_path / "run", config, {})
    trainer = Trainer(config, run)
    before = trainer.network.arrays()
    trainer.fit(TRAIN, None, ignore)
    after = run.weights(config)  # which are finite
    for weight in ("embedding/embeddings", "head/kernel"):
        assert not np.array_equal(before[weight], after[weight])


def graded(unit: float, zero: float) -> Pairs:
    """Pairs whose label is zero + unit * the query's share of id 0."""
    random = np.random.default_rng(3)
    queries = [random.choice([0, 1], 4).tolist() for _ in range(64)]
    share = np.mean(np.array(queries) == 0, axis=1)
    return Pairs(Texts.from_lists(queries), Texts.from_lists([[2]] * 64), (zero + unit * share).astype(np.float32))


@pytest.mark.parametrize("loss", ["mse", "huber"])
@pytest.mark.parametrize(("unit", "zero"), [(0.25, -0.25), (0.001, 0.0), (1000.0, 0.0)])
def test_a_regression_does_not_depend_on_the_unit_of_labels(
    tmp_path: Path, loss: str, unit: float, zero: float
) -> None:
    """The scores are the same in the new unit."""
    config = make_config("regression", epochs=5, loss=loss, early_stopping=None)
    plain, other = graded(1.0, 0.0), graded(unit, zero)
    scores = []
    for name, pairs in (("plain", plain), ("other", other)):
        run = train(tmp_path / name, config, pairs, pairs)
        scores.append(Scorer(config, run.weights(config)).score(pairs.query, pairs.value))
    np.testing.assert_allclose(scores[1], zero + unit * scores[0], rtol=0, atol=1e-4 * unit)


def test_labels_that_are_all_the_same_keep_their_unit(tmp_path: Path) -> None:
    config = make_config("regression", epochs=1)
    pairs = Pairs(TRAIN.query, TRAIN.value, np.full(30, 7, np.float32))
    run = train(tmp_path / "run", config, pairs, None)
    assert np.isfinite(Scorer(config, run.weights(config)).score(pairs.query, pairs.value)).all()
    assert run.weights(config)["head/bias"] == pytest.approx(7, abs=0.1)


def test_a_warm_start_of_a_regression_gives_the_grades_of_the_run_to_other_labels(tmp_path: Path) -> None:
    pairs = graded(1000.0, 50.0)
    config = make_config("regression", epochs=2)
    first = train(tmp_path / "first", config, pairs, None).weights(config)
    still = {"optimizer": {"name": "sgd", "learning_rate": 1e-30}, "epochs": 1}
    config = make_config("regression", warm_start=tmp_path / "first", **still)
    second = train(tmp_path / "second", config, graded(3.0, 1.0), None).weights(config)
    for name, array in first.items():
        np.testing.assert_allclose(second[name], array, rtol=1e-6, atol=1e-4 if name == "head/bias" else 0)


def test_a_resumed_regression_ends_with_the_same_bits(tmp_path: Path) -> None:
    """A checkpoint has the weights for standardised labels, so that no conversion rounds them."""
    pairs, config = graded(1000.0, 50.0), make_config("regression", epochs=3, early_stopping=None)
    straight = train(tmp_path / "straight", config, pairs, pairs)
    run = Run.create(tmp_path / "run", config, {})
    steps = iter(range(100))
    assert Trainer(config, run).fit(pairs, pairs, ignore, lambda: next(steps) == 11) is None
    Trainer(config, run).fit(pairs, pairs, ignore)
    assert same_weights(straight, run, config)
    assert read_metrics(straight) == read_metrics(run)
