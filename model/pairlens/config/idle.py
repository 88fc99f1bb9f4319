"""Settings that would have no effect beside another one.

They are refused where a training is asked for: whoever wrote them expects something of them. In the config of a run
that exists they do no harm, and their defaults, which such a config writes out, are no fault anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pairlens.config.contradictions import Contradiction, Raw, value_at
from pairlens.config.tasks import TASK_LOSSES


def idle_settings(raw: Raw) -> Iterator[Contradiction]:
    """Every setting without effect. Looks at raw values, so that a fault elsewhere does not hide them."""
    yield from _of_data(raw)
    yield from _of_the_warm_start(raw)
    yield from _of_layers(raw)
    yield from _of_the_loss(raw)
    yield from _of_the_optimizer(raw)
    yield from _of_word_dropout(raw)


def _of_data(raw: Raw) -> Iterator[Contradiction]:
    if value_at(raw, "data", "too_long") == "truncate" and value_at(raw, "data", "max_length") is None:
        yield ("data", "too_long"), "error without data.max_length, from which a text is too long"


def _of_the_warm_start(raw: Raw) -> Iterator[Contradiction]:
    training = ("training", "warm_start_words")
    if value_at(raw, *training) is True and value_at(raw, "training", "warm_start") is None:
        yield training, "false without training.warm_start, whose rows it matches by word"


def _of_layers(raw: Raw) -> Iterator[Contradiction]:
    conv = value_at(raw, "model", "conv")
    for i, layer in enumerate(_listed(conv)):
        initializer = value_at(layer, "bias_initializer") if isinstance(layer, Mapping) else None
        if initializer not in (None, "zeros", {"name": "zeros"}) and layer.get("use_bias") is False:
            place = ("model", "conv", i) if isinstance(conv, (list, tuple)) else ("model", "conv")
            yield (*place, "bias_initializer"), "zeros, its default, with use_bias: false, where there is no bias"

    views = _listed(value_at(raw, "model", "views"))
    if conv in ([], ()) and "embedding" in views and "convolution" in views:
        yield ("model", "views"), "embedding with model.conv: [], where there is no convolution to look at"
    activation = value_at(raw, "model", "dnn", "activation")
    if value_at(raw, "model", "dnn", "units") in ([], ()) and activation not in (None, "relu"):
        yield ("model", "dnn", "activation"), "relu, its default, with model.dnn.units: [], where there is no layer"


def _of_the_loss(raw: Raw) -> Iterator[Contradiction]:
    task, loss = raw.get("task", "binary"), value_at(raw, "training", "loss")
    if loss in (None, "auto") and task in list(TASK_LOSSES):
        loss = TASK_LOSSES[task][0]
    smoothed = value_at(raw, "training", "label_smoothing") not in (None, 0)
    if smoothed and isinstance(loss, str) and loss != "cross_entropy":
        yield ("training", "label_smoothing"), f"0 with training.loss: {loss}; only cross_entropy has labels to smooth"


def _of_the_optimizer(raw: Raw) -> Iterator[Contradiction]:
    optimizer = ("training", "optimizer")
    norms = [name for name in ("clipnorm", "global_clipnorm") if value_at(raw, *optimizer, name) is not None]
    if norms and value_at(raw, *optimizer, "clipvalue") is not None:
        yield (*optimizer, "clipvalue"), f"null beside {norms[0]}: a gradient is clipped by its norm or by its values"
    if value_at(raw, *optimizer, "nesterov") is True and value_at(raw, *optimizer, "momentum") in (None, 0):
        yield (*optimizer, "nesterov"), "false with momentum: 0, which looks no step ahead"
    fixed = value_at(raw, "model", "embedding", "trainable") is False
    if fixed and value_at(raw, *optimizer, "lazy") is True:
        yield (*optimizer, "lazy"), "false with model.embedding.trainable: false, where no row of it moves"


def _of_word_dropout(raw: Raw) -> Iterator[Contradiction]:
    dropout = ("training", "word_dropout")
    if value_at(raw, *dropout, "rate") in (None, 0) and value_at(raw, *dropout, "unknown_id") not in (None, 1):
        yield (*dropout, "unknown_id"), "1, its default, with training.word_dropout.rate: 0, where no word is dropped"


def _listed(value: Any) -> list[Any]:
    """A single value is short for a list of it."""
    return list(value) if isinstance(value, (list, tuple)) else [] if value is None else [value]
