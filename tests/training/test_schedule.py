"""The learning rate rises in the warm-up, then follows the schedule."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pairlens.config.training import TrainingConfig
from pairlens.training.schedule import learning_rate


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        # For 10 epochs of 4 steps: the rate of the first step, after 1 epoch (half of the warm-up), and after 5 epochs.
        ({"name": "constant"}, [1.0, 1.0, 1.0]),
        ({"name": "linear"}, [1.0, 0.9, 0.5]),
        ({"name": "cosine"}, [1.0, 0.5 + 0.5 * np.cos(np.pi * 0.1), 0.5]),
        ({"name": "linear", "warmup": 0.2}, [0.25 / 2, 0.9 * 1.25 / 2, 0.5]),
    ],
)
def test_schedules(schedule: dict[str, Any], expected: list[float]) -> None:
    optimizer = {"name": "sgd", "learning_rate": 1.0}
    training = TrainingConfig.model_validate({"epochs": 10, "schedule": schedule, "optimizer": optimizer})
    assert [learning_rate(training, done, 0.25) for done in (0, 1, 5)] == pytest.approx(expected)
