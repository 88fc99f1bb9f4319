"""All faults at once, each with its place."""

from __future__ import annotations

from written_configs import MINIMAL, Write, faults_of


def test_all_faults_are_reported_together_in_the_order_of_the_file(write: Write) -> None:
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
        "c.yaml:1: data.train: missing; add it (there is no default)",
        'c.yaml:2: data.trian: unknown key; did you mean "train"?',
        'c.yaml:3: data.empty: found "score"; must be error with model.masking: none, '
        "which would score an empty text by its padding",
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
        "c.yaml:1: data.train: missing; add it (there is no default)",
        "c.yaml:1: model.embedding.input_dim: missing; add it (there is no default)",
    ]


def test_a_short_form_is_named_as_it_is_written(write: Write) -> None:
    path = write(MINIMAL + "  conv: {filters: 0}\n  dnn: {units: x}\n  features: encodin\n")
    assert faults_of(path) == [
        "c.yaml:5: model.conv.filters: found 0; must be an integer ≥ 1",
        'c.yaml:6: model.dnn.units: found "x"; must be an integer ≥ 1',
        'c.yaml:7: model.features: found "encodin"; must be encoding, attention, absolute_difference or product',
    ]
