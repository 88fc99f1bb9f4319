"""Values that are valid on their own but contradict a value of another section."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError
from written_configs import MINIMAL, Write, faults_of

from pairlens.config.file import load_config
from pairlens.config.schema import Config


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
            'pretrained: found "e.npy"; must be null with embeddings_initializer',
        ),
        (
            "model.embedding.pretrained=e.npy",
            "training.warm_start=run",
            'pretrained: found "e.npy"; must be null with training.warm_start: the embeddings can start from only',
        ),
        (
            "training.word_dropout={rate: 0.5, unknown_id: 7}",
            "model.embedding.input_dim=7",
            "training.word_dropout.unknown_id: found 7; must be below model.embedding.input_dim, 7",
        ),
        (
            "training.optimizer.clipnorm=1",
            "training.optimizer.global_clipnorm=2",
            "training.optimizer.global_clipnorm: found 2; must be null with clipnorm",
        ),
    ],
)
def test_values_that_contradict_each_other_are_refused(write: Write, one: str, other: str, fault: str) -> None:
    path = write(MINIMAL)
    load_config(path, [one])
    load_config(path, [other])
    (found,) = faults_of(path, one, other)
    assert fault in found


def test_only_a_multiclass_model_has_classes(write: Write) -> None:
    (found,) = faults_of(write(MINIMAL), "model.classes=3")
    assert "model.classes: found 3; must be null unless task is multiclass" in found


def test_class_weights_need_classes(write: Write) -> None:
    (found,) = faults_of(write(MINIMAL), "task=regression", "training.class_weight=balanced")
    assert 'training.class_weight: found "balanced"; must be null with task: regression, which has no classes' in found


def test_convolutions_that_no_view_shows_are_refused(write: Write) -> None:
    path = write(MINIMAL)
    (found,) = faults_of(path, "model.views=[embedding]")
    assert "a list with convolution unless model.conv is []" in found
    load_config(path, ["model.views=[embedding]", "model.conv=[]"])


def test_a_contradiction_of_a_short_form_is_reported_as_one(write: Write) -> None:
    (found,) = faults_of(write(MINIMAL), "model.views=embedding")
    assert 'model.views: found "embedding"; must be a list with convolution unless model.conv is []' in found


def test_a_contradiction_of_a_default_is_reported_as_one(write: Write) -> None:
    path = write(MINIMAL)
    (found,) = faults_of(path, "training.word_dropout.rate=0.5", "model.embedding.input_dim=1")
    assert "model.embedding.input_dim: found 1; must be more than training.word_dropout.unknown_id, 1" in found
    load_config(path, ["training.word_dropout={rate: 0.5, unknown_id: 0}", "model.embedding.input_dim=1"])


@pytest.mark.parametrize("views", ["3", "true", "{a: 1}"])
def test_contradictions_accept_values_of_any_type(write: Write, views: str) -> None:
    (found,) = faults_of(write(MINIMAL), f"model.views={views}")
    assert "; must be embedding or convolution" in found


@pytest.mark.parametrize(
    ("task", "loss", "allowed"),
    [
        ("binary", "mse", "cross_entropy"),
        ("regression", "cross_entropy", "mse, mae, huber"),
        ("multiclass", "huber", "cross_entropy"),
        ("ranking", "mae", "cross_entropy, pairwise, listwise"),
    ],
)
def test_the_loss_of_another_task_is_refused(write: Write, task: str, loss: str, allowed: str) -> None:
    classes = ["model.classes=3"] if task == "multiclass" else []
    (found,) = faults_of(write(MINIMAL), f"task={task}", f"training.loss={loss}", *classes)
    assert f"must be auto or one of {allowed} with task: {task}" in found


@pytest.mark.parametrize("task", ["binary", "regression", "multiclass"])
def test_only_a_ranking_has_groups_to_draw_negatives_from(write: Write, task: str) -> None:
    classes = ["model.classes=3"] if task == "multiclass" else []
    (found,) = faults_of(write(MINIMAL), f"task={task}", "training.negatives=3", *classes)
    assert "training.negatives: found 3; must be null unless task is ranking" in found
    assert load_config(write(MINIMAL), ["task=ranking", "training.negatives=3"]).training.negatives == 3


def test_drawn_negatives_and_balanced_classes(write: Write) -> None:
    drawn = ["task=ranking", "training.negatives=3"]
    (found,) = faults_of(write(MINIMAL), *drawn, "training.class_weight=balanced")
    assert "training.negatives: found 3; must be null with training.class_weight: balanced" in found
    load_config(write(MINIMAL), [*drawn, "training.class_weight=[1, 2]"])


def test_a_contradiction_is_refused_without_a_file_too() -> None:
    raw: dict[str, Any] = {"data": {"train": "t"}, "model": {"embedding": {"input_dim": 5}, "masking": "none"}}
    Config.model_validate(raw)
    raw["data"]["empty"] = "score"
    with pytest.raises(ValidationError, match=r"data\.empty: must be error"):
        Config.model_validate(raw)
