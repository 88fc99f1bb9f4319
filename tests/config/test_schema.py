"""A whole config: its defaults, its short forms, and the domain of every value."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError
from written_configs import DOCUMENTED, MINIMAL, Write, faults_of, optimizers

from pairlens.config import keras
from pairlens.config.file import dump_config, load_config
from pairlens.config.training import EarlyStopping


def test_the_smallest_config_is_the_page(write: Write, tmp_path: Path) -> None:
    config = load_config(write(MINIMAL))
    assert config.task == "binary"
    assert config.data.train == tmp_path / "train"
    assert {config.data.dev, config.data.test, config.data.vocab, config.data.max_length} == {None}
    assert (config.model.embedding.input_dim, config.model.embedding.output_dim) == (50, 64)
    (conv,) = config.model.conv
    assert (conv.filters, conv.kernel_size, conv.padding) == (100, 4, "same")
    assert (config.model.attention.score_mode, config.model.attention.use_scale) == ("dot", False)
    assert (config.model.features, config.model.pooling) == (("encoding", "attention"), ("average",))
    assert config.model.dnn.units == (64,)
    assert config.training.optimizer == keras.Adam()
    assert config.training.early_stopping == EarlyStopping(metric="auto", patience=3, min_delta=0.0)


def test_documented_yaml_writes_every_default_out(write: Write) -> None:
    documented = load_config(DOCUMENTED)
    sample = DOCUMENTED.parent.parent / "data" / "sample"
    smallest = f"""
data: {{train: {sample}/train, dev: {sample}/dev, test: {sample}/test, vocab: {sample}/vocab.txt}}
model: {{embedding: {{input_dim: 1000}}}}
"""
    assert documented == load_config(write(smallest))
    keys_of_a_dump = {
        line.partition(":")[0].strip(" -") for line in dump_config(documented).splitlines() if ":" in line
    }
    keys_of_the_file = {line.partition(":")[0].strip(" -") for line in DOCUMENTED.read_text().splitlines()}
    assert keys_of_a_dump - {"format"} <= keys_of_the_file  # `format` is only written into a run's config
    for optimizer in optimizers():
        assert all(key in DOCUMENTED.read_text() for key in optimizer.model_fields), optimizer


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("model.conv={filters: 7}", "model.conv=[{filters: 7}]"),
        ("model.dnn.units=32", "model.dnn.units=[32]"),
        ("model.features=product", "model.features=[product]"),
        ("model.pooling=max", "model.pooling=[max]"),
        ("model.dnn.activation=null", "model.dnn.activation=linear"),
        ("model.embedding.embeddings_initializer=normal", "model.embedding.embeddings_initializer={name: normal}"),
        ("model.embedding.embeddings_initializer={scale: 1}", "model.embedding.embeddings_initializer.scale=1.0"),
        ("model.conv={kernel_regularizer: l2}", "model.conv={kernel_regularizer: {name: l2, l2: 0.01}}"),
        ("training.optimizer=sgd", "training.optimizer={name: sgd, learning_rate: 0.01}"),
        ("training.optimizer={learning_rate: 0.01}", "training.optimizer={name: adam, learning_rate: 1e-2}"),
    ],
)
def test_a_short_form_means_its_long_form(write: Write, short: str, long: str) -> None:
    path = write(MINIMAL)
    assert load_config(path, [short]) == load_config(path, [long]) != load_config(path)


def test_lists_may_be_empty_where_that_means_none(write: Write) -> None:
    model = load_config(write(MINIMAL), ["model.conv=[]", "model.dnn.units=[]"]).model
    assert (model.conv, model.dnn.units) == ((), ())


@pytest.mark.parametrize(
    ("key", "value", "must_be"),
    [
        ("task", '"binry"', "binary, regression, multiclass or ranking"),
        ("data.max_length", "0", "an integer ≥ 1"),
        ("data.too_long", '"cut"', "error or truncate"),
        ("data.train", "3", "a path"),
        ("data.train", '""', "a path"),
        ("data.train", "null", "a path"),
        ("model.symmetric", "1", "true or false"),
        ("model.symmetric", '"yes"', "true or false"),
        ("model.masking", "false", "exact or none"),
        ("model.embedding.output_dim", "true", "an integer ≥ 1"),
        ("model.embedding.output_dim", "64.0", "an integer ≥ 1"),
        ("model.embedding.output_dim", '"64"', "an integer ≥ 1"),
        ("model.embedding.output_dim", "-1", "an integer ≥ 1"),
        ("model.embedding.output_dim", "2147483648", "at most 2147483647"),
        ("model.embedding.dropout", "1.0", "a number ≥ 0 and < 1"),
        ("model.embedding.dropout", "-0.1", "a number ≥ 0 and < 1"),
        ("model.embedding.dropout", "NaN", "a number ≥ 0 and < 1"),
        ("model.embedding", "null", "a mapping"),
        ("model.conv", "null", "a list"),
        ("model.attention.temperature", "0", "a number > 0"),
        ("model.attention.temperature", "Infinity", "a number > 0"),
        ("model.attention.temperature", "true", "a number > 0"),
        ("model.features", "[]", "a list of at least one name, each once"),
        ("model.pooling", '["max", "max"]', "a list of at least one name, each once"),
        ("model.dnn.units", "2.5", "an integer ≥ 1"),
        ("training.optimizer", "3", "a name or a mapping"),
        ("training.optimizer.learning_rate", "0", "a number > 0"),
        ("training.seed", "-1", "an integer from 0 to 4294967295"),
        ("training.early_stopping.patience", "-1", "an integer ≥ 0"),
        ("training.early_stopping.metric", "3", "a name"),
    ],
)
def test_a_value_outside_its_domain_is_refused(write: Write, key: str, value: str, must_be: str) -> None:
    written = {"NaN": ".nan", "Infinity": ".inf"}.get(value, value)
    override = f"--set {key}={written}"
    assert faults_of(write(MINIMAL), override[6:]) == [f"{override}: {key}: found {value}; must be {must_be}"]


@pytest.mark.parametrize(
    ("override", "reason"),
    [
        ("model.conv.strides=2", "1: an attention score belongs to one token position, and strides skip some"),
        ("model.conv.padding=valid", "same or causal: valid would shrink the texts, and those shorter"),
        ("model.conv.bias_initializer=orthogonal", "any initializer but orthogonal: a bias is a vector, not a matrix"),
        (
            "training.early_stopping.metric=pearson",
            "auto or one of accuracy, precision, recall, f1, mcc, ece, brier, roc_auc, average_precision, log_loss "
            "with task: binary",
        ),
    ],
)
def test_what_keras_allows_and_pairlens_does_not_is_refused_with_the_reason(
    write: Write, override: str, reason: str
) -> None:
    (fault,) = faults_of(write(MINIMAL), override)
    assert f"; must be {reason}" in fault


def test_a_config_is_frozen(write: Write) -> None:
    config = load_config(write(MINIMAL))
    with pytest.raises(ValidationError, match="frozen"):
        config.training.seed = 2


def test_the_decisive_metric_is_the_one_that_stops_early_or_the_tasks_first(write: Write) -> None:
    path = write(MINIMAL)
    stopping = "training.early_stopping"
    assert load_config(path, [f"{stopping}.metric=f1"]).decisive_metric == "f1"
    for unsaid in (f"{stopping}=null", f"{stopping}.metric=auto"):
        assert load_config(path, [unsaid]).decisive_metric == "accuracy"
        assert load_config(path, [unsaid, "task=regression"]).decisive_metric == "pearson"


def test_warnings_name_settings_that_are_allowed_and_useless(write: Write) -> None:
    path = write(MINIMAL)
    assert load_config(path, ["data.dev=d"]).warnings() == []
    (early,) = load_config(path).warnings()
    assert early.startswith("data.dev: not set, so the weights of the last epoch are kept")
    (causal,) = load_config(path, ["data.dev=d", "model.attention.use_causal_mask=true"]).warnings()
    assert causal.startswith("model.attention.use_causal_mask: ")
    spelled = ["data.dev=d", "model.embedding.embeddings_initializer={name: ppmi_svd, spelling: 1.0}"]
    (unspelled,) = load_config(path, spelled).warnings()
    assert unspelled.startswith("model.embedding.embeddings_initializer.spelling: without data.vocab")
    for elsewhere in ("data.vocab=v", "training.warm_start=run"):
        assert load_config(path, [*spelled, elsewhere]).warnings() == []
