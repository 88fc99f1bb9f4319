"""A space is read from YAML or refused, with each fault's line; its values are those that the config takes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pairlens.config.file import config_loader, load_config
from pairlens.config.schema import Config
from pairlens.errors import ConfigError
from pairlens.jobs.tune.default_space import default_space
from pairlens.jobs.tune.fitting import Load, own_values, refuse_unfit
from pairlens.jobs.tune.space import Choices, Range, short_names, space_text
from pairlens.jobs.tune.space_file import parse_space, read_space

CONFIG = """\
task: {task}
data: {{train: train, dev: dev}}
model: {{embedding: {{input_dim: 29}}{model}}}
training: {{optimizer: {{learning_rate: 0.002}}{training}}}
"""


def loader(folder: Path, task: str = "binary", model: str = "", training: str = "") -> Load:
    path = folder / "config.yaml"
    path.write_text(CONFIG.format(task=task, model=model, training=training))

    def load(changes: Sequence[str]) -> Config:
        return load_config(path, changes)

    return load


def faults_of(text: str) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        parse_space(text, "space.yaml")
    return refused.value.faults


def test_dotted_and_nested_keys_are_the_same(tmp_path: Path) -> None:
    path = tmp_path / "space.yaml"
    path.write_text(
        "training:\n  optimizer.learning_rate: {low: 1e-4, high: 1e-2, log: true}\n  batch_size: [16, 32]\n"
        "model.dnn: {units: [[64], [64, 32]], dropout: {low: 0.0, high: 0.5, step: 0.25}, activation: [relu, tanh]}\n"
        "training.epochs: {low: 2, high: 8}\n"
    )
    space = read_space(path)
    assert [(one.key, one.domain) for one in space] == [
        ("training.optimizer.learning_rate", Range(1e-4, 1e-2, log=True)),
        ("training.batch_size", Choices(("16", "32"))),
        ("model.dnn.units", Choices(("[64]", "[64, 32]"))),
        ("model.dnn.dropout", Range(0.0, 0.5, step=0.25)),
        ("model.dnn.activation", Choices(('"relu"', '"tanh"'))),
        ("training.epochs", Range(2, 8)),
    ]
    assert [one[:2] for one in parse_space(space_text(space), "again")] == [one[:2] for one in space]
    assert space[4].change('"tanh"') == 'model.dnn.activation="tanh"'


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: {low: 1, high: 2, logg: true}", 'a: unknown key logg of a range; did you mean "log"?'),
        ("a: {low: 1}", "a: high: found null; must be a number"),
        ("a: {low: 1, high: x}", 'a: high: found "x"; must be a number'),
        ("a: {low: 2, high: 2}", "a: low 2 must be below high 2"),
        ("a: {low: 0, high: 2, log: true}", "a: log: true needs low above 0"),
        ("a: {low: 1, high: 2, log: true, step: 1}", "a: log: true allows no step"),
        ("a: {low: 1, high: 2, log: 1}", "a: log: found 1; must be true or false"),
        ("a: {low: 1, high: 2, step: 3}", "a: step 3 must be above 0 and at most high - low"),
        ("a: []", "a: must be a list of at least one choice, each once"),
        ("a: [1, 1]", "a: must be a list of at least one choice, each once"),
        ("a: 5", "a: found 5; must be {low: A, high: B} or a list of choices"),
        ("a: {b: [1]}\na.b: [2]", "a.b: given twice; keep one"),
        ("a: [1]\na.b: [2]", "a.b: is part of a; keep one of the two"),
        ("a.b: [1]\na: [2]", "a: contains a.b; keep one of the two"),
        ("a: [1]\na[0].b: [2]", "a[0].b: is part of a; keep one of the two"),
        ("a.0.b: [1]\na[0].b: [2]", "a[0].b: given twice; keep one"),
        ("a: {}", "a: found an empty mapping; must be {low: A, high: B} or a list of choices"),
        ("x: [1]\na.b: {c: {}}", "a.b.c: found an empty mapping; must be {low: A, high: B} or a list of choices"),
        ('a: {"": [1]}', '"a.": not a key, such as training.batch_size'),
        ('"": [1]', '"": not a key, such as training.batch_size'),
        ("1: [1]", '"1": not a key, such as training.batch_size'),
    ],
)
def test_a_fault_has_its_line(text: str, fault: str) -> None:
    assert faults_of(text) == [f"space.yaml:{text.count(chr(10)) + 1}: {fault}"]


@pytest.mark.parametrize("text", ["", "[1, 2]", "5"])
def test_a_space_is_a_mapping(text: str) -> None:
    assert faults_of(text) == ["space.yaml: must be a mapping from keys of the config to ranges or choices"]


@settings(max_examples=150, deadline=None)
@given(st.text("{}[]:, \nlowhigstepa.1-e", max_size=40))
def test_any_text_is_a_space_or_refused(text: str) -> None:
    try:
        space = parse_space(text, "space.yaml")
    except ConfigError as error:
        places = {fault[:10] for fault in error.faults}
    else:
        places = {"space.yaml"}
        assert [one[:2] for one in parse_space(space_text(space), "again")] == [one[:2] for one in space]
    assert places == {"space.yaml"}


def test_what_the_config_does_not_take_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    space = parse_space(
        "training:\n  optimizer.learning_rat: {low: 1e-4, high: 1e-2}\n  batch_size: [32, 0]\n"
        "model.dnn.dropout: {low: 0.0, high: 1.0}\ntraining.loss: [cross_entropy, mse]\n"
        "data.max_length: [10, 20]\ntraining.seed: [1, 2]\ntraining.early_stopping.metric: [f1]\n",
        "space.yaml",
    )
    with pytest.raises(ConfigError) as refused:
        refuse_unfit(space, loader(tmp_path))
    same = "cannot be searched, because trials are compared on the same data, task, seed and metric; remove it"
    assert refused.value.faults == [
        'space.yaml:2: training.optimizer.learning_rat: unknown key; did you mean "learning_rate"?',
        "space.yaml:3: training.batch_size: found 0; must be an integer ≥ 1",
        "space.yaml:4: model.dnn.dropout: found 1.0; must be a number ≥ 0 and < 1",
        'space.yaml:5: training.loss: found "mse"; must be auto or one of cross_entropy with task: binary',
        f"space.yaml:6: data.max_length: {same}",
        f"space.yaml:7: training.seed: {same}",
        f"space.yaml:8: training.early_stopping.metric: {same}",
    ]


def test_the_configs_own_values_are_found_where_the_space_has_them(tmp_path: Path) -> None:
    """Defaults count: the batch size is 256, dnn.units [64], for which 64 is short, epochs 10, and dropout 0."""
    space = parse_space(
        "training.optimizer.learning_rate: {low: 1e-4, high: 1e-2}\ntraining.batch_size: [256]\n"
        "model.dnn.units: [32, 64]\ntraining.epochs: {low: 4, high: 12, step: 4}\n"
        "model.dnn.dropout: {low: 0.1, high: 0.5}\n",
        "space.yaml",
    )
    assert own_values(space, loader(tmp_path)) == {
        "training.optimizer.learning_rate": 0.002,
        "training.batch_size": "256",
        "model.dnn.units": "64",
    }


def test_sampled_numbers_have_four_digits_within_the_range() -> None:
    domain = Range(1.23444e-4, 1e-2)
    assert domain.rounded(0.00234567) == 0.002346
    assert domain.rounded(1.23444e-4) == 1.23444e-4  # not 1.234e-4, which is below the range
    assert Range(2, 8).rounded(5) == 5


def test_short_names_tell_keys_apart() -> None:
    keys = ["training.batch_size", "model.dnn.dropout", "model.embedding.dropout", "training.word_dropout.rate", "task"]
    space = parse_space("".join(f"{key}: [1]\n" for key in keys), "space.yaml")
    assert list(short_names(space).values()) == [
        "batch_size",
        "dnn.dropout",
        "embedding.dropout",
        "word_dropout.rate",
        "task",
    ]


@pytest.mark.parametrize("pairs", [1_000, 20_000, 100_000])
@pytest.mark.parametrize("task", ["binary", "regression", "ranking"])
def test_the_default_space_fits_the_config(tmp_path: Path, task: str, pairs: int) -> None:
    load = loader(tmp_path, task)
    space = default_space(load([]), pairs, load)
    refuse_unfit(space, load)
    assert len(space) >= 6
    assert space[0].domain == Range(0.0004, 0.01, log=True)


@pytest.mark.parametrize("loss", ["auto", "cross_entropy", "pairwise"])
def test_the_default_space_has_the_configs_own_values(tmp_path: Path, loss: str) -> None:
    """So that trial 1 is the config as it is, whatever it says."""
    load = loader(tmp_path, "ranking", ", dnn: {units: [48, 7], dropout: 0.6}", f", batch_size: 300, loss: {loss}")
    text = (tmp_path / "config.yaml").read_text()
    (tmp_path / "config.yaml").write_text(text.replace("29", "29, output_dim: 100, dropout: 0.33"))
    space = default_space(load([]), 1_000, load)
    own = own_values(space, load)
    assert own.keys() == {one.key for one in space}
    assert load([one.change(own[one.key]) for one in space]) == load([])


def test_an_integer_is_not_searched_in_fractions(tmp_path: Path) -> None:
    space = parse_space(
        "training.epochs: {low: 1, high: 3, step: 0.5}\ntraining.batch_size: {low: 1.0, high: 9.0}\n"
        "training.checkpoint.every_steps: {low: 2, high: 8}\nmodel.dnn.dropout: {low: 0, high: 1, step: 0.3}\n",
        "space.yaml",
    )
    with pytest.raises(ConfigError) as refused:
        refuse_unfit(space, loader(tmp_path))
    assert refused.value.faults == [
        "space.yaml:1: training.epochs: found 1.5; must be an integer ≥ 1",
        "space.yaml:2: training.batch_size: found 3.943; must be an integer ≥ 1",
    ]


def test_many_choices_are_checked_at_once(tmp_path: Path) -> None:
    """The file is read once: it may be gone then."""
    (tmp_path / "config.yaml").write_text(CONFIG.format(task="binary", model="", training=""))
    load = config_loader(tmp_path / "config.yaml", ["training.epochs=3"])
    (tmp_path / "config.yaml").unlink()
    assert (load(["training.epochs=4"]).training.epochs, load([]).training.epochs) == (4, 3)
    with pytest.raises(ConfigError, match=r"--set training.epochs=x: training.epochs: found \"x\""):
        load(["training.epochs=x"])


def test_the_default_space_leaves_out_what_is_fixed(tmp_path: Path) -> None:
    load = loader(tmp_path, training=", warm_start: run, word_dropout: {rate: 0.5}")
    keys = {one.key for one in default_space(load([]), 1_000, load)}
    assert keys.isdisjoint({"model.dnn.units", "model.embedding.output_dim"})
    assert "training.word_dropout.rate" in keys
    load = loader(tmp_path, model=", dnn: {units: []}, overlap: true")
    assert "model.dnn.units" in {one.key for one in default_space(load([]), 1_000, load)}
