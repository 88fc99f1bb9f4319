"""Settings that have no effect because of another setting.

A new training refuses them, since their author expects an effect. They are harmless in the config of an existing run.
Defaults, which such a config writes out, are allowed everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pairlens.config.contradictions import Contradiction, Raw, value_at
from pairlens.config.tasks import TASK_LOSSES


def idle_settings(raw: Raw) -> Iterator[Contradiction]:
    """Yield every setting without effect. Reads raw values, so that a fault elsewhere does not hide one."""
    yield from _of_data(raw)
    yield from _of_the_warm_start(raw)
    yield from _of_layers(raw)
    yield from _of_the_loss(raw)
    yield from _of_the_optimizer(raw)
    yield from _of_word_dropout(raw)


def _of_data(raw: Raw) -> Iterator[Contradiction]:
    if value_at(raw, "data", "too_long") == "truncate" and value_at(raw, "data", "max_length") is None:
        yield ("data", "too_long"), "error unless data.max_length is set, because no text is too long without it"


def _of_the_warm_start(raw: Raw) -> Iterator[Contradiction]:
    training = ("training", "warm_start_words")
    if value_at(raw, *training) is True and value_at(raw, "training", "warm_start") is None:
        yield training, "false unless training.warm_start is set, whose embedding rows it matches by word"


def _of_layers(raw: Raw) -> Iterator[Contradiction]:
    conv = value_at(raw, "model", "conv")
    for i, layer in enumerate(_listed(conv)):
        initializer = value_at(layer, "bias_initializer") if isinstance(layer, Mapping) else None
        if initializer not in (None, "zeros", {"name": "zeros"}) and layer.get("use_bias") is False:
            place = ("model", "conv", i) if isinstance(conv, (list, tuple)) else ("model", "conv")
            yield (
                (*place, "bias_initializer"),
                "zeros (the default) with use_bias: false, because the layer has no bias",
            )

    views = _listed(value_at(raw, "model", "views"))
    if conv in ([], ()) and "embedding" in views and "convolution" in views:
        yield ("model", "views"), "embedding with model.conv: [], because there is no convolution"
    activation = value_at(raw, "model", "dnn", "activation")
    no_layer = value_at(raw, "model", "dnn", "units") in ([], ())
    if no_layer and value_at(raw, "model", "wide") is True:
        yield (
            ("model", "wide"),
            "false with model.dnn.units: [], because the head reads the DNN's input, which has the overlap features",
        )
    if no_layer and activation not in (None, "relu"):
        yield ("model", "dnn", "activation"), "relu (the default) with model.dnn.units: [], because there is no layer"


def _of_the_loss(raw: Raw) -> Iterator[Contradiction]:
    task, loss = raw.get("task", "binary"), value_at(raw, "training", "loss")
    if loss in (None, "auto") and task in list(TASK_LOSSES):
        loss = TASK_LOSSES[task][0]
    smoothed = value_at(raw, "training", "label_smoothing") not in (None, 0)
    if smoothed and isinstance(loss, str) and loss != "cross_entropy":
        yield ("training", "label_smoothing"), f"0 with training.loss: {loss}; only cross_entropy uses label smoothing"


def _of_the_optimizer(raw: Raw) -> Iterator[Contradiction]:
    optimizer = ("training", "optimizer")
    norms = [name for name in ("clipnorm", "global_clipnorm") if value_at(raw, *optimizer, name) is not None]
    if norms and value_at(raw, *optimizer, "clipvalue") is not None:
        yield (*optimizer, "clipvalue"), f"null with {norms[0]}: gradients are clipped either by norm or by value"
    if value_at(raw, *optimizer, "nesterov") is True and value_at(raw, *optimizer, "momentum") in (None, 0):
        yield (*optimizer, "nesterov"), "false with momentum: 0, because Nesterov's method needs momentum"
    fixed = value_at(raw, "model", "embedding", "trainable") is False
    if fixed and value_at(raw, *optimizer, "lazy") is True:
        yield (*optimizer, "lazy"), "false with model.embedding.trainable: false, because no embedding row is updated"


def _of_word_dropout(raw: Raw) -> Iterator[Contradiction]:
    dropout = ("training", "word_dropout")
    if value_at(raw, *dropout, "rate") in (None, 0) and value_at(raw, *dropout, "unknown_id") not in (None, 1):
        yield (*dropout, "unknown_id"), "1 (the default) with training.word_dropout.rate: 0, because no word is dropped"


def _listed(value: Any) -> list[Any]:
    """A single value is short for a list of it."""
    return list(value) if isinstance(value, (list, tuple)) else [] if value is None else [value]
