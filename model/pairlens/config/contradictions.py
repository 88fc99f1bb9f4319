"""Values that are valid on their own but contradict a value of another section."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pairlens.config.tasks import TASK_LOSSES, TASK_METRICS

Raw = Mapping[str, Any]
Contradiction = tuple[tuple[str | int, ...], str]  # the location of a value, and what it must be


def contradictions(raw: Raw) -> Iterator[Contradiction]:
    """Yield every contradiction in a config. Reads raw values, so that a fault elsewhere does not hide one."""
    yield from _of_data(raw)
    yield from _without_masks(raw)
    yield from _of_the_network(raw)
    yield from _of_origins(raw)
    yield from _of_the_loss(raw)
    yield from _of_steps(raw)
    yield from _of_the_metric(raw)


def value_at(raw: Raw, *location: str) -> Any:
    """The value at a location; None if there is none."""
    value: Any = raw
    for key in location:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _without_masks(raw: Raw) -> Iterator[Contradiction]:
    if value_at(raw, "model", "masking") != "none":
        return
    if value_at(raw, "model", "embedding", "mask_zero") is True:
        yield (
            ("model", "embedding", "mask_zero"),
            "false with model.masking: none, because Conv1D drops its mask",
        )
    if value_at(raw, "data", "empty") == "score":
        yield ("data", "empty"), "error with model.masking: none, which would score an empty text by its padding"
    for location in (("model", "embedding", "match_channels"), ("model", "overlap")):
        if value_at(raw, *location) is True:
            yield location, "false with model.masking: none, because padding would match padding"


def _of_the_network(raw: Raw) -> Iterator[Contradiction]:
    conv = value_at(raw, "model", "conv")
    if raw.get("task", "binary") != "multiclass" and value_at(raw, "model", "classes") is not None:
        yield ("model", "classes"), "null unless task is multiclass"
    if value_at(raw, "model", "attention", "key") == "convolution" and conv in ([], ()):
        yield ("model", "attention", "key"), "value with model.conv: [], because there is no convolution to make keys"
    if value_at(raw, "model", "wide") is True and value_at(raw, "model", "overlap") is not True:
        yield ("model", "wide"), "false without model.overlap: true, whose features it passes to the head"
    only_embedding = value_at(raw, "model", "views") in ("embedding", ["embedding"], ("embedding",))
    if only_embedding and conv not in ([], ()):
        yield (
            ("model", "views"),
            "a list with convolution unless model.conv is []: the convolutions would have no effect",
        )


def _of_origins(raw: Raw) -> Iterator[Contradiction]:
    location = ("model", "embedding", "pretrained")
    if value_at(raw, *location) is not None and value_at(raw, "training", "warm_start") is not None:
        yield location, "null with training.warm_start: the embeddings can start from only one of the two"


def _of_data(raw: Raw) -> Iterator[Contradiction]:
    if raw.get("task", "binary") == "regression" and value_at(raw, "data", "classes") is not None:
        yield ("data", "classes"), "null with task: regression, which has no classes"


def _of_the_loss(raw: Raw) -> Iterator[Contradiction]:
    task, loss = raw.get("task", "binary"), value_at(raw, "training", "loss")
    if task in list(TASK_LOSSES) and isinstance(loss, str) and loss not in ("auto", *TASK_LOSSES[task]):
        yield ("training", "loss"), f"auto or one of {', '.join(TASK_LOSSES[task])} with task: {task}"
    drawn = value_at(raw, "training", "negatives") is not None
    if task != "ranking" and drawn:
        yield ("training", "negatives"), "null unless task is ranking, which has groups to draw negatives from"
    if task == "ranking" and drawn and value_at(raw, "training", "class_weight") == "balanced":
        yield ("training", "negatives"), "null with training.class_weight: balanced, which counts pairs never drawn too"
    if task == "regression" and value_at(raw, "training", "class_weight") is not None:
        yield ("training", "class_weight"), "null with task: regression, which has no classes"


def _of_steps(raw: Raw) -> Iterator[Contradiction]:
    if value_at(raw, "training", "optimizer", "lazy") is True and value_at(raw, "training", "accumulate") not in (
        None,
        1,
    ):
        yield ("training", "accumulate"), "1 with training.optimizer.lazy: true, because mean gradients have every row"
    dropped, unknown = (value_at(raw, "training", "word_dropout", key) for key in ("rate", "unknown_id"))
    input_dim = value_at(raw, "model", "embedding", "input_dim")
    if dropped and isinstance(unknown, int) and isinstance(input_dim, int) and unknown >= input_dim > 0:
        yield ("training", "word_dropout", "unknown_id"), f"below model.embedding.input_dim, {input_dim}"
    elif dropped and unknown is None and input_dim == 1:  # the default, which the file does not show
        yield ("model", "embedding", "input_dim"), "more than training.word_dropout.unknown_id, 1"


def _of_the_metric(raw: Raw) -> Iterator[Contradiction]:
    task = raw.get("task", "binary")
    metric = value_at(raw, "training", "early_stopping", "metric")
    if task in list(TASK_METRICS) and isinstance(metric, str) and metric not in ("auto", *TASK_METRICS[task]):
        allowed = ", ".join(TASK_METRICS[task])
        yield ("training", "early_stopping", "metric"), f"auto or one of {allowed} with task: {task}"
