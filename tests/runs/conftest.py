"""Fixtures for the tests of the run directory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small_runs import make_config, make_weights

from pairlens.runs.progress import Progress
from pairlens.runs.run import Run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run with all its files."""
    config = make_config()
    run = Run.create(tmp_path / "run", config, {"python": "3.11"})
    run.write_weights(make_weights(config))
    run.write_metrics([{"epoch": 1}])
    run.write_evaluation({"threshold": 0.25})
    run.write_checkpoint({"a": np.arange(3)}, Progress(epoch=1))
    return run
