"""A config: what may be said, what is refused, and how a fault is told."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from pairlens.config import keras, schema
from pairlens.config.file import dump_config, load_config
from pairlens.config.schema import TASK_METRICS, Config
from pairlens.errors import ConfigError

DOCUMENTED = Path(__file__).parents[2] / "configs" / "documented.yaml"
MINIMAL = """\
data:
  train: train
model:
  embedding: {input_dim: 50}
"""

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(text: str) -> Path:
        path = tmp_path / "c.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def faults_of(path: Path, *overrides: str) -> list[str]:
    """Every fault, without the folder of the config."""
    with pytest.raises(ConfigError) as caught:
        load_config(path, overrides)
    assert str(caught.value).splitlines() == caught.value.faults, "a fault is one line"
    return [fault.replace(f"{path.parent}/", "") for fault in caught.value.faults]


# Defaults


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
    assert config.training.early_stopping == schema.EarlyStopping(metric="auto", patience=3, min_delta=0.0)


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
    assert keys_of_a_dump <= keys_of_the_file
    for optimizer in optimizers():
        assert all(key in DOCUMENTED.read_text() for key in optimizer.model_fields), optimizer


def optimizers() -> list[type[schema.Section]]:
    return list(get_args(get_args(keras.Optimizer)[0]))


def keras_defaults(file: str, class_name: str) -> dict[str, object]:
    """The arguments of a Keras class, read from its source: importing TensorFlow takes seconds."""
    (package,) = importlib.util.find_spec("tf_keras").submodule_search_locations  # type: ignore[union-attr, misc]
    tree = ast.parse((Path(package) / "src" / file).read_text())
    (class_,) = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == class_name]
    (init,) = [node for node in class_.body if isinstance(node, ast.FunctionDef) and node.name == "__init__"]
    names = [argument.arg for argument in init.args.args[1:]]
    return dict(zip(names, map(ast.literal_eval, init.args.defaults), strict=True))


@pytest.mark.parametrize("section", optimizers(), ids=lambda section: section.__name__)
def test_an_optimizer_has_the_arguments_and_defaults_of_keras(section: type[schema.Section]) -> None:
    ours = section().model_dump()
    keras = keras_defaults(f"optimizers/{ours.pop('name')}.py", section.__name__)
    not_ours = {"name", "jit_compile", "use_ema", "ema_momentum", "ema_overwrite_frequency"}
    ours.pop("lazy", None)  # pairlens's own
    assert ours == {key: value for key, value in keras.items() if key not in not_ours}


@pytest.mark.parametrize(
    ("keras_class", "keras_argument", "ours"),
    [
        ("RandomUniform", "maxval", keras.Uniform().scale),
        ("RandomNormal", "stddev", keras.Normal().stddev),
        ("TruncatedNormal", "stddev", keras.Normal(name="truncated_normal").stddev),
        ("Constant", "value", keras.Constant().value),
        ("Orthogonal", "gain", keras.Orthogonal().gain),
    ],
)
def test_an_initializer_has_the_default_of_keras(keras_class: str, keras_argument: str, ours: float) -> None:
    assert ours == keras_defaults("initializers/initializers.py", keras_class)[keras_argument]


# Short forms


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


# Refused values: nothing is converted, and the reason is told.


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
        ("model.conv.strides=2", "1: an attention score stands for one token position, and strides skip some"),
        ("model.conv.padding=valid", "same or causal: valid would shrink the texts, and those shorter"),
        ("model.conv.bias_initializer=orthogonal", "another than orthogonal: a bias is a vector, not a matrix"),
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


@pytest.mark.parametrize(
    ("one", "other", "fault"),
    [
        (
            "model.masking=none",
            "model.embedding.mask_zero=true",
            "model.embedding.mask_zero: found true; must be false with model.masking",
        ),
        (
            "model.masking=none",
            "model.embedding.match_channels=true",
            "model.embedding.match_channels: found true; must be false with model.masking: none",
        ),
        (
            "model.masking=none",
            "model.overlap=true",
            "model.overlap: found true; must be false with model.masking: none",
        ),
        (
            "training.optimizer.lazy=true",
            "training.accumulate=2",
            "training.accumulate: found 2; must be 1 with training.optimizer.lazy",
        ),
        ("model.masking=none", "data.empty=score", 'empty: found "score"; must be error with model.masking: none'),
        ("model.conv=[]", "model.attention.key=convolution", 'key: found "convolution"; must be value with model.conv'),
        (
            "task=regression",
            "training.early_stopping.metric=f1",
            "auto or one of pearson, spearman, mse with task",
        ),
        (
            "model.embedding.pretrained=e.npy",
            "model.embedding.embeddings_initializer=normal",
            'pretrained: found "e.npy"; must be null beside embeddings_initializer',
        ),
        (
            "training.word_dropout={rate: 0.5, unknown_id: 7}",
            "model.embedding.input_dim=7",
            "training.word_dropout.unknown_id: found 7; must be below model.embedding.input_dim, 7",
        ),
        (
            "training.optimizer.clipnorm=1",
            "training.optimizer.global_clipnorm=2",
            "training.optimizer.global_clipnorm: found 2; must be null beside clipnorm",
        ),
    ],
)
def test_values_that_contradict_each_other_are_refused(write: Write, one: str, other: str, fault: str) -> None:
    path = write(MINIMAL)
    load_config(path, [one])
    load_config(path, [other])
    (found,) = faults_of(path, one, other)
    assert fault in found


@pytest.mark.parametrize(("padding", "reach"), [("same", (4, 5)), ("causal", (9, 0))])
def test_the_reach_of_a_dilated_convolution(padding: str, reach: tuple[int, int]) -> None:
    """4 tokens, 3 apart, span 10: one is the position itself."""
    conv = schema.ConvConfig.model_validate({"kernel_size": 4, "dilation_rate": 3, "padding": padding})
    assert conv.reach == reach


def test_only_a_multiclass_model_has_classes(write: Write) -> None:
    (found,) = faults_of(write(MINIMAL), "model.classes=3")
    assert "model.classes: found 3; must be null unless task is multiclass" in found


@pytest.mark.parametrize("strides", [0, 2])
def test_a_convolution_skips_no_token(write: Write, strides: int) -> None:
    (found,) = faults_of(write(MINIMAL), f"model.conv.0.strides={strides}")
    assert f"model.conv[0].strides: found {strides}; must be 1: an attention score stands for one token" in found


def test_class_weights_need_classes(write: Write) -> None:
    (found,) = faults_of(write(MINIMAL), "task=regression", "training.class_weight=balanced")
    assert 'training.class_weight: found "balanced"; must be null with task: regression, which has no classes' in found


def test_convolutions_that_no_view_shows_are_refused(write: Write) -> None:
    path = write(MINIMAL)
    (found,) = faults_of(path, "model.views=[embedding]")
    assert "with convolution, unless model.conv is []" in found
    load_config(path, ["model.views=[embedding]", "model.conv=[]"])


@pytest.mark.parametrize(
    ("task", "loss"),
    [
        ("binary", "cross_entropy"),
        ("regression", "mse"),
        ("regression", "mae"),
        ("regression", "huber"),
        ("multiclass", "cross_entropy"),
        ("ranking", "cross_entropy"),
        ("ranking", "pairwise"),
    ],
)
def test_every_loss_of_a_task(write: Write, task: str, loss: str) -> None:
    classes = ["model.classes=3"] if task == "multiclass" else []
    assert load_config(write(MINIMAL), [f"task={task}", f"training.loss={loss}", *classes]).training.loss == loss


@pytest.mark.parametrize(
    ("task", "loss", "allowed"),
    [
        ("binary", "mse", "cross_entropy"),
        ("regression", "cross_entropy", "mse, mae, huber"),
        ("multiclass", "huber", "cross_entropy"),
        ("ranking", "mae", "cross_entropy, pairwise"),
    ],
)
def test_the_loss_of_another_task_is_refused(write: Write, task: str, loss: str, allowed: str) -> None:
    classes = ["model.classes=3"] if task == "multiclass" else []
    (found,) = faults_of(write(MINIMAL), f"task={task}", f"training.loss={loss}", *classes)
    assert f"must be auto or one of {allowed} with task: {task}" in found


def test_a_contradiction_is_refused_without_a_file_too() -> None:
    raw: dict[str, Any] = {"data": {"train": "t"}, "model": {"embedding": {"input_dim": 5}, "masking": "none"}}
    Config.model_validate(raw)
    raw["data"]["empty"] = "score"
    with pytest.raises(ValidationError, match=r"data\.empty: must be error"):
        Config.model_validate(raw)


@pytest.mark.parametrize(("task", "metric"), [(task, metric) for task in TASK_METRICS for metric in TASK_METRICS[task]])
def test_every_metric_of_a_task_may_stop_early(write: Write, task: str, metric: str) -> None:
    config = load_config(write(MINIMAL), [f"task={task}", f"training.early_stopping.metric={metric}"])
    assert config.training.early_stopping is not None
    assert config.training.early_stopping.metric == metric


def test_the_decisive_metric_is_the_one_that_stops_early_or_the_tasks_first(write: Write) -> None:
    path = write(MINIMAL)
    stopping = "training.early_stopping"
    assert load_config(path, [f"{stopping}.metric=f1"]).decisive_metric == "f1"
    for unsaid in (f"{stopping}=null", f"{stopping}.metric=auto"):
        assert load_config(path, [unsaid]).decisive_metric == "accuracy"
        assert load_config(path, [unsaid, "task=regression"]).decisive_metric == "pearson"


def test_the_columns_of_each_view(write: Write) -> None:
    path = write(MINIMAL)
    sizes = ["model.embedding.output_dim=5", "model.conv=[{filters: 7}, {filters: 3}]"]

    def widths(*overrides: str) -> dict[str, int]:
        return dict(load_config(path, [*sizes, *overrides]).model.view_widths)

    assert widths() == {"convolution": 3}
    assert widths("model.views=[embedding, convolution]") == {"embedding": 5, "convolution": 3}
    assert widths("model.views=[embedding, convolution]", "model.embedding.match_channels=true")["embedding"] == 7
    assert widths("model.conv=[]") == {"embedding": 5}  # all that is left, whatever `views` says


def test_a_pretrained_matrix_may_stand_beside_the_written_out_default(write: Write, tmp_path: Path) -> None:
    written_out = "model.embedding.embeddings_initializer={name: uniform, scale: 0.05}"
    config = load_config(write(MINIMAL), [f"model.embedding.pretrained={tmp_path}/e.npy", written_out])
    assert config.model.embedding.pretrained == tmp_path / "e.npy"


def test_a_config_is_frozen(write: Write) -> None:
    config = load_config(write(MINIMAL))
    with pytest.raises(ValidationError, match="frozen"):
        config.training.seed = 2


def test_warnings_tell_what_is_allowed_and_has_no_use(write: Write) -> None:
    path = write(MINIMAL)
    assert load_config(path, ["data.dev=d"]).warnings() == []
    (early,) = load_config(path).warnings()
    assert early.startswith("data.dev: none, so the last epoch's weights are kept")
    (causal,) = load_config(path, ["data.dev=d", "model.attention.use_causal_mask=true"]).warnings()
    assert causal.startswith("model.attention.use_causal_mask: ")
    spelled = ["data.dev=d", "model.embedding.embeddings_initializer={name: ppmi_svd, spelling: 1.0}"]
    (unspelled,) = load_config(path, spelled).warnings()
    assert unspelled.startswith("model.embedding.embeddings_initializer.spelling: without data.vocab")
    for elsewhere in ("data.vocab=v", "training.warm_start=run"):
        assert load_config(path, [*spelled, elsewhere]).warnings() == []


# All faults at once, each with its place


def test_every_fault_is_told_at_once_in_the_order_of_the_file(write: Write) -> None:
    path = write("""\
data:
  trian: train
  empty: score
model:
  masking: none
  embedding:
    input_dim: "50"
    embeddings_initializer: {name: normal, gain: 1}
  conv:
    - filters: abc
    - {kernel: 3, dilation_rate: no}
  attention: {zzz: 1}
training:
  optimizer: {name: adamm}
  early_stopping:
    metric: pearson
  epochs: 0
""")
    assert faults_of(path, "training.seed=x") == [
        "c.yaml:1: data.train: missing; it has no default",
        'c.yaml:2: data.trian: unknown key; did you mean "train"?',
        'c.yaml:3: data.empty: found "score"; must be error with model.masking: none, '
        "where an empty text is scored as its padding",
        'c.yaml:7: model.embedding.input_dim: found "50"; must be an integer ≥ 1',
        "c.yaml:8: model.embedding.embeddings_initializer.gain: unknown key; the keys here are name, stddev",
        'c.yaml:10: model.conv[0].filters: found "abc"; must be an integer ≥ 1',
        'c.yaml:11: model.conv[1].dilation_rate: found "no"; must be an integer ≥ 1',
        'c.yaml:11: model.conv[1].kernel: unknown key; did you mean "kernel_size"?',
        "c.yaml:12: model.attention.zzz: unknown key; the keys here are "
        "score_mode, use_scale, dropout, use_causal_mask, key, direction, temperature",
        'c.yaml:14: training.optimizer.name: found "adamm"; must be one of '
        "adam, adamw, nadam, adamax, sgd, rmsprop, adagrad, adadelta, lion, ftrl",
        'c.yaml:16: training.early_stopping.metric: found "pearson"; must be auto or one of '
        "accuracy, precision, recall, f1, mcc, ece, brier, roc_auc, average_precision, log_loss with task: binary",
        "c.yaml:17: training.epochs: found 0; must be an integer ≥ 1",
        '--set training.seed=x: training.seed: found "x"; must be an integer from 0 to 4294967295',
    ]


def test_missing_sections_name_the_keys_that_they_miss(write: Write) -> None:
    assert faults_of(write("task: binary\n")) == [
        "c.yaml:1: data.train: missing; it has no default",
        "c.yaml:1: model.embedding.input_dim: missing; it has no default",
    ]


def test_a_short_form_is_named_as_it_is_written(write: Write) -> None:
    path = write(MINIMAL + "  conv: {filters: 0}\n  dnn: {units: x}\n  features: encodin\n")
    assert faults_of(path) == [
        "c.yaml:5: model.conv.filters: found 0; must be an integer ≥ 1",
        'c.yaml:6: model.dnn.units: found "x"; must be an integer ≥ 1',
        'c.yaml:7: model.features: found "encodin"; must be encoding, attention, absolute_difference or product',
    ]


def test_a_key_given_twice_names_both_lines(write: Write) -> None:
    assert faults_of(write(MINIMAL + "task: binary\ndata: {train: x}\n")) == [
        "c.yaml:6: data: given twice, on lines 1 and 6; keep one"
    ]
    # The duplicate is told beside the other faults, and at any depth.
    assert faults_of(write(MINIMAL + "  dnn:\n    units: 3\n    units: -3\n")) == [
        "c.yaml:7: model.dnn.units: given twice, on lines 6 and 7; keep one",
        "c.yaml:7: model.dnn.units: found -3; must be an integer ≥ 1",
    ]


def test_a_key_is_a_name(write: Write) -> None:
    assert faults_of(write(MINIMAL + "? [a]\n: 1\n1: 2\n'a\\nb': 3\n\"c\\nd\": 4\n")) == [
        "c.yaml:5: found a list or a mapping as a key; must be a name",
        "c.yaml:7: '1': unknown key; the keys here are task, data, model, training",
        "c.yaml:8: 'a\\\\nb': unknown key; the keys here are task, data, model, training",
        "c.yaml:9: 'c\\nd': unknown key; the keys here are task, data, model, training",
    ]


# YAML


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("1e-4", 1e-4),
        ("1e3", 1000.0),
        ("1.", 1.0),
        (".5", 0.5),
        ("+2.5E+1", 25.0),
        ("3", 3.0),
        ("0x10", 16.0),
        ("010", 10.0),
    ],
)
def test_numbers_are_those_of_yaml_1_2(write: Write, written: str, number: float) -> None:
    config = load_config(write(MINIMAL), [f"training.optimizer.learning_rate={written}"])
    assert config.training.optimizer.learning_rate == number


@pytest.mark.parametrize("word", ["yes", "no", "on", "off", "y", "1_000", "1:30", "0b1", "2024-01-01", "<<", "="])
def test_what_only_yaml_1_1_converts_stays_a_word(write: Write, word: str) -> None:
    (fault,) = faults_of(write(MINIMAL), f"model.symmetric={word}")
    assert fault.endswith(f'found "{word}"; must be true or false')


def test_a_number_of_any_length_is_told_as_a_fault(write: Write) -> None:
    # Python refuses to convert more than 4300 digits.
    (fault,) = faults_of(write(MINIMAL + f"training: {{seed: {'9' * 5000}}}\n"))
    assert fault == "c.yaml:5: training.seed: found Infinity; must be an integer from 0 to 4294967295"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("task: [binary\n", "c.yaml:2:1: not a valid YAML text: while parsing a flow sequence, expected ',' or ']'"),
        ("task: binary\n\tdata: x\n", "c.yaml:2:1: not a valid YAML text: "),
        ("task: a: b\n", "c.yaml:1:8: not a valid YAML text: mapping values are not allowed here"),
        ("task: &t binary\n", "c.yaml:1:7: not a valid YAML text: anchors (&), aliases (*) and tags (!) are not"),
        ("task: *t\n", "c.yaml:1:7: not a valid YAML text: anchors (&), aliases (*) and tags (!) are not allowed"),
        ("task: !!python/name:os.system\n", "c.yaml:1:7: not a valid YAML text: anchors (&), aliases (*) and tags"),
        ("a: !!binary x\n", "c.yaml:1:4: not a valid YAML text: anchors (&), aliases (*) and tags (!) are not allowed"),
        ("a: 1\n---\nb: 2\n", "c.yaml:2:1: not a valid YAML text: expected a single document in the stream"),
        ("task: bin\x07ary\n", "c.yaml:1:10: not a valid YAML text: the character '\\x07' is not allowed"),
        ("a: " + "[" * 100_000, "c.yaml:1:23: not a valid YAML text: nested more than 20 deep"),
        ("- " * 5_000 + "a", "c.yaml:1:41: not a valid YAML text: nested more than 20 deep"),
        ("", "c.yaml: found an empty file; must be a mapping, task, data, model, training"),
        ("# nothing\n", "c.yaml: found an empty file; must be a mapping"),
        ("- task: binary\n", "c.yaml: found [a mapping]; must be a mapping"),
        ("binary\n", 'c.yaml: found "binary"; must be a mapping'),
    ],
)
def test_a_text_that_is_no_mapping_is_one_fault(write: Write, text: str, fault: str) -> None:
    (found,) = faults_of(write(text))
    assert found.startswith(fault)


def test_a_file_that_cannot_be_read_is_one_fault(tmp_path: Path) -> None:
    assert faults_of(tmp_path / "none.yaml") == ["none.yaml: cannot be read: No such file or directory"]
    (tmp_path / "folder").mkdir()
    assert faults_of(tmp_path / "folder") == ["folder: cannot be read: Is a directory"]
    (tmp_path / "latin.yaml").write_bytes("task: binary\n# é\n".encode("latin-1"))
    assert faults_of(tmp_path / "latin.yaml") == ["latin.yaml:2: not UTF-8: invalid continuation byte"]


def test_a_byte_order_mark_and_crlf_make_no_difference(write: Write) -> None:
    plain = load_config(write(MINIMAL))
    path = write("")
    path.write_bytes(b"\xef\xbb\xbf" + MINIMAL.replace("\n", "\r\n").encode())
    assert load_config(path) == plain


# Overrides


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
    assert config.training.early_stopping == schema.EarlyStopping(patience=7)
    assert config.model.features == ("attention", "product")  # the order has no meaning
    assert config.training.epochs == 5


@pytest.mark.parametrize("conv", ["", "  conv: {kernel_size: 4}\n"])
@pytest.mark.parametrize("key", ["model.conv.filters", "model.conv.0.filters", "model.conv[0].filters"])
def test_a_single_layer_needs_no_index(write: Write, conv: str, key: str) -> None:
    (layer,) = load_config(write(MINIMAL + conv), [f"{key}=3"]).model.conv
    assert layer == schema.ConvConfig(filters=3)


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
        ("model.conv.2.filters=3", "index 2 is not in the list, which has 2 from index 0"),
        ("model.conv.filters=3", '"filters" stands in a list; write the index before it, such as 0.filters'),
        ("model.dnn={units: 1, units: 2}", "units: given twice; keep one"),
        ("data.dev=[", "not a valid YAML text: while parsing a flow node"),
        ("data.dev=*a", "not a valid YAML text: anchors (&), aliases (*) and tags (!) are not allowed"),
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


# Paths


def test_a_path_is_relative_to_where_it_is_written(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("HOME", "/home/me")
    write("""\
data: {train: ../a/./train, dev: /b/../dev, test: ~/test}
model: {embedding: {input_dim: 5, pretrained: e.npy}}
""")
    config = load_config(Path("../c.yaml"), ["data.vocab=../vocab.txt"])
    assert config.data.train == tmp_path.parent / "a" / "train"
    assert config.data.dev == Path("/dev")
    assert config.data.test == Path("/home/me/test")
    assert config.data.vocab == tmp_path / "vocab.txt"
    assert config.model.embedding.pretrained == tmp_path / "e.npy"
    # An override's path is the working directory's, also where it replaces a path of the file.
    assert load_config(Path("../c.yaml"), ["data.train=train"]).data.train == tmp_path / "here" / "train"


def test_every_path_of_the_schema_is_made_absolute(write: Write, tmp_path: Path) -> None:
    paths = [f"data.{key}" for key, field in schema.DataConfig.model_fields.items() if "Path" in str(field)]
    paths += [
        f"model.embedding.{key}" for key, field in schema.EmbeddingConfig.model_fields.items() if "Path" in str(field)
    ]
    assert len(paths) == 5
    dumped = dump_config(load_config(write(MINIMAL), [f"{path}=~x/y" for path in paths]))
    assert dumped.count(f": {Path.cwd()}/~x/y\n") == 5  # no user is called x: the name stays as it is


# Dumps, and any text at all


def valid_configs() -> st.SearchStrategy[dict[str, object]]:
    """Valid configs: any value of any domain, nothing contradictory."""
    sizes, fractions = st.integers(1, 2**31 - 1), st.floats(0, 1, exclude_max=True)
    positive = st.floats(0, exclude_min=True, allow_infinity=False)
    paths = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1)

    def some(**values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
        return st.fixed_dictionaries({}, optional=values)

    def one_of(*values: object) -> st.SearchStrategy[object]:
        return st.sampled_from(values)

    initializers = st.one_of(
        st.fixed_dictionaries({"name": st.just("uniform"), "scale": positive}),
        st.fixed_dictionaries({"name": st.just("truncated_normal"), "stddev": positive}),
        st.fixed_dictionaries({"name": st.just("constant"), "value": st.floats(allow_nan=False, allow_infinity=False)}),
        one_of("normal", "zeros", "he_normal"),
    )
    conv = some(
        filters=sizes,
        padding=one_of("same", "causal"),
        kernel_initializer=initializers,
        kernel_regularizer=one_of(None, "l2"),
    )
    names = st.sampled_from([section().model_dump()["name"] for section in optimizers()])
    return st.fixed_dictionaries(
        {
            "task": one_of("binary", "regression"),
            "data": st.fixed_dictionaries({"train": paths}, optional={"dev": paths, "max_length": st.none() | sizes}),
            "model": st.fixed_dictionaries(
                {
                    "embedding": st.fixed_dictionaries(
                        {"input_dim": sizes}, optional={"embeddings_initializer": initializers, "dropout": fractions}
                    )
                },
                optional={
                    "conv": conv | st.lists(conv, max_size=3),
                    "attention": some(temperature=positive, direction=one_of("both"), score_mode=one_of("concat")),
                    "features": st.lists(one_of("encoding", "attention", "product"), min_size=1, unique=True),
                    "dnn": some(units=sizes | st.lists(sizes, max_size=3), activation=one_of(None, "swish")),
                },
            ),
        },
        optional={
            "training": some(
                optimizer=names | st.fixed_dictionaries({"name": names, "learning_rate": positive}),
                early_stopping=st.none() | some(patience=st.integers(0, 2**31 - 1), min_delta=fractions),
                seed=st.integers(0, 2**32 - 1),
            )
        },
    )


@settings(deadline=None)
@example(raw={"data": {"train": "\x85\u2028\n é"}, "model": {"embedding": {"input_dim": 5}}})
@given(raw=valid_configs())
def test_a_dump_loads_to_an_equal_config(raw: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "dump.yaml"
    data = {key: Path("/", value) if isinstance(value, str) else value for key, value in raw["data"].items()}
    config = Config.model_validate({**raw, "data": data})
    path.write_text(dump_config(config), encoding="utf-8")
    loaded = load_config(path)
    assert loaded == config
    assert dump_config(loaded) == path.read_text(encoding="utf-8")


WORDS = st.sampled_from(tuple("?&*!{}[],:'#|>%-\"\té\x00\ud800")) | st.sampled_from(
    ("task", "data", "train", "model", "conv", "units", "input_dim", "1e3", ".inf", ": ", "\n", "\n  ", "\n- ", "---\n")
)


def outcome(path: Path, overrides: list[str]) -> Config | list[str]:
    try:
        return load_config(path, overrides)
    except ConfigError as error:
        return error.faults


@settings(deadline=None)
@given(words=st.lists(WORDS, max_size=30), override=st.lists(WORDS | st.sampled_from(["=", ".0", "."]), max_size=8))
def test_any_text_is_a_config_or_faults_of_one_line(
    words: list[str], override: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes("".join(words).encode("utf-8", "surrogatepass"))
    for overrides in ([], ["".join(override)]):
        found = outcome(path, overrides)
        assert found
        if not isinstance(found, Config):
            assert all(fault.startswith((str(path), "--set ")) and fault.isprintable() for fault in found)


def test_loading_a_config_imports_nothing_heavy() -> None:
    code = """
import sys
from pathlib import Path
from pairlens.config.file import load_config
load_config(Path(sys.argv[1]))
heavy = {"tensorflow", "tf_keras", "numpy", "numba", "matplotlib", "rich", "typer"} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", code, str(DOCUMENTED)], check=True)


def test_a_config_without_end() -> None:
    """A device, or any file that is none of ours: no more is read than a config needs."""
    with pytest.raises(ConfigError, match="/dev/zero: more than 262144 bytes; a config is a few kilobytes"):
        load_config(Path("/dev/zero"))


def test_a_byte_order_mark_is_skipped(write: Write) -> None:
    assert load_config(write("\ufeff" + MINIMAL)) == load_config(write(MINIMAL))
