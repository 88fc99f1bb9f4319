"""`train --seeds` trains several runs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from command_line import make_project, pairlens


def test_seeds_trains_several_and_tells_their_mean_and_deviation(tmp_path: Path) -> None:
    make_project(tmp_path)
    result = pairlens(
        tmp_path, "train", "config.yaml", "--set", "training.epochs=1", "--seeds", "2", "--output", "many"
    )
    assert result.code == 0, result.stderr
    summary = json.loads(result.stdout)
    assert summary["runs"] == ["many/seed-1", "many/seed-2"]
    each = [json.loads((tmp_path / run / "evaluation.json").read_text())["dev"]["log_loss"] for run in summary["runs"]]
    assert summary["dev"]["log_loss"]["mean"] == pytest.approx(np.mean(each))
    assert summary["dev"]["log_loss"]["deviation"] == pytest.approx(np.std(each, ddof=1))
