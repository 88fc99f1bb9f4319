"""Settings that have no effect because of another setting."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from written_configs import MINIMAL, Write, faults_of

from pairlens.config.file import dump_config, load_config
from pairlens.config.schema import Config
from pairlens.runs.run import Run

SGD = "training.optimizer=sgd"


@pytest.mark.parametrize(
    ("others", "setting", "fault"),
    [
        (["task=regression"], "training.label_smoothing=0.1", "found 0.1; must be 0 with training.loss: mse"),
        (
            ["task=regression", "training.loss=mae"],
            "training.label_smoothing=0.1",
            "found 0.1; must be 0 with training.loss: mae",
        ),
        (
            ["task=regression", "training.loss=huber"],
            "training.label_smoothing=0.1",
            "found 0.1; must be 0 with training.loss: huber",
        ),
        (
            ["task=ranking", "training.loss=pairwise"],
            "training.label_smoothing=0.1",
            "found 0.1; must be 0 with training.loss: pairwise",
        ),
        (
            ["task=ranking", "training.loss=listwise"],
            "training.label_smoothing=0.1",
            "found 0.1; must be 0 with training.loss: listwise",
        ),
        (["training.optimizer.clipnorm=1"], "training.optimizer.clipvalue=2", "must be null with clipnorm"),
        (
            ["training.optimizer.global_clipnorm=1"],
            "training.optimizer.clipvalue=2",
            "must be null with global_clipnorm",
        ),
        (
            ["model.overlap=true", "model.dnn.units=[]"],
            "model.wide=true",
            "found true; must be false with model.dnn.units: []",
        ),
        ([SGD], "training.optimizer.nesterov=true", "found true; must be false with momentum: 0"),
        ([], "training.warm_start_words=true", "found true; must be false unless training.warm_start is set"),
        ([], "data.too_long=truncate", 'found "truncate"; must be error unless data.max_length is set'),
        (
            ["model.embedding.trainable=false"],
            "training.optimizer.lazy=true",
            "found true; must be false with model.embedding.trainable: false",
        ),
        (
            [],
            "training.word_dropout.unknown_id=3",
            "found 3; must be 1 (the default) with training.word_dropout.rate: 0",
        ),
        (
            ["model.conv=[]"],
            "model.views=[convolution, embedding]",
            'found ["convolution", "embedding"]; must be embedding with model.conv: []',
        ),
        (
            ["model.dnn.units=[]"],
            "model.dnn.activation=tanh",
            'found "tanh"; must be relu (the default) with model.dnn.units: []',
        ),
        (
            ["model.conv={use_bias: false}"],
            "model.conv.bias_initializer=ones",
            "must be zeros (the default) with use_bias: false",
        ),
    ],
)
def test_settings_without_effect_are_refused(write: Write, others: list[str], setting: str, fault: str) -> None:
    path = write(MINIMAL)
    load_config(path, others)
    (found,) = faults_of(path, *others, setting)
    assert fault in found
    assert found.startswith(f"--set {setting}: {setting.split('=', maxsplit=1)[0]}: ")


@pytest.mark.parametrize(
    "settings",
    [
        ["training.label_smoothing=0.1"],
        ["task=ranking", "training.label_smoothing=0.1"],
        [SGD, "training.optimizer.momentum=0.9", "training.optimizer.nesterov=true"],
        ["data.too_long=truncate", "data.max_length=5"],
        ["training.word_dropout={rate: 0.1, unknown_id: 3}"],
        ["training.optimizer.clipvalue=2"],
        ["model.conv={bias_initializer: ones}"],
        ["model.views=[convolution, embedding]"],
        ["model.conv=[]", "model.views=embedding"],
        ["model.conv=[]", "model.views=convolution"],  # the default
        ["model.dnn.activation=tanh"],
        ["model.dnn.units=[]", "model.dnn.dropout=0.1"],  # on the pooled features
    ],
)
def test_the_same_settings_are_accepted_where_they_have_an_effect(write: Write, settings: list[str]) -> None:
    load_config(write(MINIMAL), settings)


@pytest.mark.parametrize(
    "others",
    [["task=regression"], ["model.conv=[]"], ["model.dnn.units=[]"], [SGD], ["model.embedding.trainable=false"]],
)
def test_a_config_with_every_default_written_out_loads(write: Write, tmp_path: Path, others: list[str]) -> None:
    config = load_config(write(MINIMAL), others)
    (tmp_path / "whole.yaml").write_text(dump_config(config))
    assert load_config(tmp_path / "whole.yaml") == config


def test_a_run_that_was_trained_with_one_still_loads(write: Write, tmp_path: Path) -> None:
    config = load_config(write(MINIMAL), ["task=regression"])
    run = Run.create(tmp_path / "run", config, {})
    path = tmp_path / "run" / "config.yaml"
    path.write_text(path.read_text().replace("label_smoothing: 0.0", "label_smoothing: 0.25"))
    assert run.config().training.label_smoothing == 0.25
    (fault,) = faults_of(path)  # a new training with it is refused
    assert "must be 0 with training.loss: mse" in fault


def test_one_is_refused_without_a_file_too() -> None:
    raw: dict[str, Any] = {"data": {"train": "t", "too_long": "truncate"}, "model": {"embedding": {"input_dim": 5}}}
    with pytest.raises(ValidationError, match=r"data\.too_long: must be error"):
        Config.model_validate(raw)


def test_values_of_any_type_are_accepted(write: Write) -> None:
    for setting in (
        "model.conv=3",
        "model.views={a: 1}",
        "training.optimizer=[1]",
        "training.word_dropout=7",
        "data=1",
    ):
        assert faults_of(write(MINIMAL), setting)


def test_encodings_alone_are_warned_of(write: Write) -> None:
    config = load_config(write(MINIMAL), ["model.features=encoding"])
    assert config.warnings()[0].endswith("neither text looks at the other, and the value does not matter at all")
