"""The training section: every loss and every metric of a task."""

from __future__ import annotations

import pytest
from written_configs import MINIMAL, Write

from pairlens.config.file import load_config
from pairlens.config.tasks import TASK_METRICS


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
        ("ranking", "listwise"),
    ],
)
def test_every_loss_of_a_task(write: Write, task: str, loss: str) -> None:
    classes = ["model.classes=3"] if task == "multiclass" else []
    assert load_config(write(MINIMAL), [f"task={task}", f"training.loss={loss}", *classes]).training.loss == loss


@pytest.mark.parametrize(("task", "metric"), [(task, metric) for task in TASK_METRICS for metric in TASK_METRICS[task]])
def test_every_metric_of_a_task_may_stop_early(write: Write, task: str, metric: str) -> None:
    config = load_config(write(MINIMAL), [f"task={task}", f"training.early_stopping.metric={metric}"])
    assert config.training.early_stopping is not None
    assert config.training.early_stopping.metric == metric
