"""The JSON schema of a config accepts what loads and rejects faults that are visible in a single value."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import command_line
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError
from written_configs import DOCUMENTED, MINIMAL, Write, optimizers

from pairlens.config.file import load_config, resolved_text
from pairlens.config.json_schema import config_schema
from pairlens.config.located import Located, Place, parse_located
from pairlens.config.schema import Config

SCHEMA = Draft202012Validator(config_schema())


def plain(located: Located) -> Any:
    if isinstance(located.value, dict):
        return {key: plain(child) for key, child in located.value.items()}
    return [plain(child) for child in located.value] if isinstance(located.value, list) else located.value


def accepts(text: str) -> bool:
    return SCHEMA.is_valid(plain(parse_located(text, Place("text", 1, Path()), [])))


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(config_schema())


@pytest.mark.parametrize("path", sorted(DOCUMENTED.parent.glob("*.yaml")), ids=lambda path: path.name)
def test_every_config_of_the_project_is_valid(path: Path) -> None:
    assert accepts(path.read_text(encoding="utf-8"))
    assert accepts(resolved_text(load_config(path)))


def test_the_configs_of_the_tests_are_valid() -> None:
    assert accepts(MINIMAL)
    assert accepts(command_line.CONFIG)
    assert accepts(f"format: 1\n{MINIMAL}")


VALID = [
    ("model.conv", ["{filters: 7}", "[]", "[{}, {activation: null}]", "{kernel_initializer: {}}"]),
    ("model.conv.kernel_regularizer", ["null", "l2", "{name: l2}", "{l2: 1}"]),
    ("model.dnn.units", ["64", "[64, 32]", "[]"]),
    ("model.features", ["product", "[product, encoding]"]),
    ("model.embedding.embeddings_initializer", ["normal", "{scale: 1}", "{name: ppmi_svd, window: 3}", "zeros"]),
    ("training.optimizer", ["sgd", "{learning_rate: 1e-2}", "{name: sgd, momentum: 0.5}", "{}"]),
    ("training.schedule", ["linear", "{warmup: 0.1}"]),
    ("training.early_stopping", ["null", "{patience: 0}"]),
    ("training.class_weight", ["null", "balanced", "[1, 2.5]"]),
    ("training.loss", ["auto"]),
    ("data.max_length", ["null", "1"]),
    ("data.train", ["b", "[b]", "[b, s3://bucket/c]"]),
]


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in VALID for value in values])
def test_short_forms_are_valid(write: Write, key: str, value: str) -> None:
    *sections, last = key.split(".")
    path = write(MINIMAL)
    assert load_config(path, [f"{key}={value}"])
    assert accepts(nested(sections, f"{last}: {value}"))


INVALID = [
    ("task", ["binry", "null"]),
    ("data.train", ["3", '""', "null", "[]", "[a, a]", "[3]", '[a, ""]', "[[a]]"]),
    ("data.dev", ["3", "[a]"]),
    ("data.max_length", ["0", "2.5", "a"]),
    ("model.symmetric", ["1", '"yes"']),
    ("model.conv", ["null", "{filter: 7}", "{strides: 2}", "{padding: valid}", "[7]"]),
    ("model.features", ["[]", "[product, product]", "products"]),
    ("model.dnn.units", ["2.5", "[0]", "null"]),
    ("model.embedding.embeddings_initializer", ["normall", "{stddev: 1}", "{name: uniform, stddev: 1}", "3"]),
    ("training.optimizer", ["adamm", "{momentum: 0.5}", "{name: adam, momentum: 0.5}", "{learning_rate: 0}", "null"]),
    ("training.schedule", ["{name: square}", "{warmup: 1}"]),
    ("training.seed", ["-1", "4294967296"]),
    ("trainning", ["{}"]),
]


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in INVALID for value in values])
def test_what_one_value_shows_to_be_wrong_is_refused(key: str, value: str) -> None:
    *sections, last = key.split(".")
    assert not accepts(nested(sections, f"{last}: {value}"))


@pytest.mark.parametrize("text", ["", "{}", "data: {train: a}", "model: {embedding: {input_dim: 5}}", "data: []"])
def test_what_has_no_default_is_required(text: str) -> None:
    assert not accepts(text)


def nested(sections: list[str], entry: str) -> str:
    """The smallest config with one more entry, in flow style."""
    need = {"data": "train: a", "model": "embedding: {input_dim: 5}", "embedding": "input_dim: 5"}
    for section in reversed(sections):
        known = need.get(section, "")
        key = known.partition(":")[0]
        entry = f"{section}: {{{entry if not key or entry.startswith(f'{key}:') else f'{known}, {entry}'}}}"
    top = sections[0] if sections else entry.partition(":")[0]
    return "{" + ", ".join([entry, *(f"{name}: {{{need[name]}}}" for name in ("data", "model") if name != top)]) + "}"


NUMBERS = st.sampled_from([0, 1, 3, 0.5, 1.0, -1, 1e-3, 2**40])
VALUES = st.one_of(NUMBERS, st.none(), st.booleans(), st.sampled_from(["adam", "linear", "max", "auto", "", "l2"]))


def entries(section: type[Any], more: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Some keys of a section with any values."""
    return st.dictionaries(st.sampled_from([*section.model_fields, "name"]), more, max_size=4)


OPTIMIZERS = st.sampled_from(optimizers()).flatmap(lambda section: entries(section, VALUES))
MODEL, TRAINING = Config.model_fields["model"].annotation, Config.model_fields["training"].annotation
assert MODEL is not None
assert TRAINING is not None
CONV = MODEL.model_fields["conv"].annotation.__args__[0]


@given(
    optimizer=st.one_of(OPTIMIZERS, VALUES),
    conv=st.one_of(entries(CONV, VALUES), st.lists(entries(CONV, VALUES), max_size=2)),
    model=entries(MODEL, st.one_of(VALUES, st.lists(VALUES, max_size=2))),
    training=entries(TRAINING, st.one_of(VALUES, st.lists(VALUES, max_size=2))),
)
def test_what_loads_is_valid(optimizer: Any, conv: Any, model: dict[str, Any], training: dict[str, Any]) -> None:
    for raw in (
        {"data": {"train": "a"}, "model": {"embedding": {"input_dim": 5}}, "training": {"optimizer": optimizer}},
        {"data": {"train": "a"}, "model": {"embedding": {"input_dim": 5}, "conv": conv}},
        {"data": {"train": "a"}, "model": {**model, "embedding": {"input_dim": 5}}},
        {"data": {"train": "a"}, "model": {"embedding": {"input_dim": 5}}, "training": training},
    ):
        try:
            Config.model_validate(raw)
        except ValidationError:
            continue
        assert SCHEMA.is_valid(raw), raw
