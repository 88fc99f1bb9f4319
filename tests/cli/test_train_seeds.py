"""`train --seeds` trains several runs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest
from command_line import PAIRLENS, make_project, plain_environment, trained_project
from forked import pairlens
from running import running, wait_for


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


def test_a_cluster_trains_the_same_weights_though_a_worker_is_killed(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    make_project(tmp_path)
    command = ["train", "config.yaml", "--seed", "7", "--seeds", "2", "--output", "many"]
    lock, began = tmp_path / "many" / "seed-7" / ".lock", tmp_path / "many" / "seed-7" / "metrics.jsonl"
    with running(
        [PAIRLENS, *command, "--cluster", "local", "--workers", "2"],
        cwd=tmp_path,
        env=plain_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        wait_for(lambda: began.exists() and began.read_text(), process)
        os.kill(int(lock.read_text().split()[1]), signal.SIGKILL)  # "process PID on HOST"
        stdout, stderr = process.communicate()
    assert process.returncode == 0, stderr
    assert json.loads(stdout)["runs"] == ["many/seed-7", "many/seed-8"]
    assert "2 seeds, " in stderr
    assert "by 2 workers" in stderr
    assert "1 worker died\n" in stderr
    assert stderr.endswith("Next: pairlens evaluate many/seed-8\n")
    straight = trained_project(tmp_path_factory) / "run" / "weights.npz"
    assert (tmp_path / "many" / "seed-7" / "weights.npz").read_bytes() == straight.read_bytes()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--cluster", "local"], "--cluster trains several runs at the same time; add --seeds N"),
        (["--seeds", "2", "--workers", "2"], "--workers and --retries are for --cluster; add --cluster local"),
        (["--seeds", "2", "--cluster", "no"], "--cluster no: choose local, ray, auto or ray://HOST:PORT"),
    ],
)
def test_options_of_a_cluster_that_cannot_be(tmp_path: Path, options: list[str], message: str) -> None:
    result = pairlens(tmp_path, "train", "config.yaml", *options)
    assert (result.code, result.stderr) == (2, f"error: {message}\n")
