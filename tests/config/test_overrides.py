"""`--set KEY=VALUE` reaches every value, and its faults name it."""

from __future__ import annotations

from pathlib import Path

import pytest
from written_configs import MINIMAL, Write, faults_of

from pairlens.config import keras
from pairlens.config.file import load_config
from pairlens.config.model import ConvConfig
from pairlens.config.training import EarlyStopping


def test_an_override_reaches_every_value(write: Write) -> None:
    path = write(MINIMAL + "  conv: [{filters: 1}, {filters: 2}]\ntraining: {optimizer: sgd, early_stopping: null}\n")
    config = load_config(
        path,
        [
            "model.conv.0.filters=3",
            "model.conv[1].kernel_size = 5",
            "training.optimizer.momentum=0.9",  # spells `optimizer: sgd` out
            "training.early_stopping.patience=7",  # makes the mapping
            "model.features=[product, encoding]",
            "model.features.1=attention",
            "training.epochs=4",
            "training.epochs=5",  # the last one wins
        ],
    )
    assert [(conv.filters, conv.kernel_size) for conv in config.model.conv] == [(3, 4), (2, 5)]
    assert config.training.optimizer == keras.SGD(momentum=0.9)
    assert config.training.early_stopping == EarlyStopping(patience=7)
    assert config.model.features == ("attention", "product")  # the order has no meaning
    assert config.training.epochs == 5


@pytest.mark.parametrize("conv", ["", "  conv: {kernel_size: 4}\n"])
@pytest.mark.parametrize("key", ["model.conv.filters", "model.conv.0.filters", "model.conv[0].filters"])
def test_a_single_layer_needs_no_index(write: Write, conv: str, key: str) -> None:
    (layer,) = load_config(write(MINIMAL + conv), [f"{key}=3"]).model.conv
    assert layer == ConvConfig(filters=3)


@pytest.mark.parametrize(
    ("override", "fault"),
    [
        ("model.conv.0.filters=abc", 'model.conv[0].filters: found "abc"; must be an integer ≥ 1'),
        ("model.convv.0.filters=3", 'model.convv: unknown key; did you mean "conv"?'),
        (
            "training.optimizer.momentum=1",
            "training.optimizer.momentum: unknown key; the keys here are name, learning_rate",
        ),
        (
            "training.optimizer={lerning_rate: 1}",
            'training.optimizer.lerning_rate: unknown key; did you mean "learning_rate"?',
        ),
        ("model.conv.2.filters=3", "no index 2; the list has 2 items, counted from 0"),
        ("model.conv.filters=3", '"filters" is a key of a list item; write the index before it, such as 0.filters'),
        ("model.dnn={units: 1, units: 2}", "units: given twice; keep one"),
        ("data.dev=[", "not valid YAML: while parsing a flow node"),
        ("data.dev=*a", "not valid YAML: anchors (&), aliases (*) and tags (!) are not allowed"),
        ("training.epochs", "must be KEY=VALUE, such as training.epochs=3"),
        ("=3", "must be KEY=VALUE"),
        ("a..b=3", "must be KEY=VALUE"),
        (".".join("a" * 1000) + "=1", "must be KEY=VALUE"),
    ],
)
def test_a_fault_of_an_override_names_the_override(write: Write, override: str, fault: str) -> None:
    path = write(MINIMAL + "  conv: [{filters: 1}, {filters: 2}]\n")
    found = faults_of(path, "task=3", override)
    assert len(found) == 2
    assert "--set task=3: task: found 3; must be binary, regression, multiclass or ranking" in found
    assert any(line.startswith(f"--set {override}: {fault}") for line in found)


@pytest.mark.parametrize(
    ("written", "vocab"),
    [("/x/a #b", "/x/a #b"), ("#b", "/here/#b"), ('"/x/a #b"', "/x/a #b"), ("'/x/a' # why", "/x/a"), ("/x#b", "/x#b")],
)
def test_a_value_is_taken_whole(write: Write, monkeypatch: pytest.MonkeyPatch, written: str, vocab: str) -> None:
    """YAML reads text after a blank and # as a comment; nobody comments a value on the command line."""
    monkeypatch.setattr("pairlens.config.overrides.Path.cwd", lambda: Path("/here"))
    assert load_config(write(MINIMAL), [f"data.vocab={written}"]).data.vocab == Path(vocab)


def test_a_number_with_a_comment_is_none(write: Write) -> None:
    (fault,) = faults_of(write(MINIMAL), "training.epochs=3 # three")
    assert 'found "3 # three"; must be an integer' in fault
