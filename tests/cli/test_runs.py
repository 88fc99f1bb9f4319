"""`pairlens runs` lists what is there, and what is unfinished or damaged; it reads neither weights nor data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from command_line import pairlens as in_new_process
from forked import pairlens
from models import random_weights
from small_runs import make_config

from pairlens.runs.run import Run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A finished run, one without dev, one in its first epoch, one of the two seeds of a training, and damaged ones."""
    data = {"train": "/data/mine/train", "dev": "/data/mine/dev"}
    config = make_config(task="ranking", data=data)
    lines = [{"epoch": epoch, "dev": {"map": 0.5 + epoch / 10}, "best": epoch < 3} for epoch in (1, 2, 3)]
    for name in ("done", "many/seed-1", "no-config", "no-yaml", "no-json", "no-end"):
        run = Run.create(tmp_path / "runs" / name, config, {"created": "2026-11-27T15:00:00+00:00"})
        run.write_weights(random_weights(config))
        run.write_metrics(lines)
        run.write_evaluation({"dev": {"map": 0.7}})
    (tmp_path / "runs/many/seed-1/evaluation.json").unlink()
    (tmp_path / "runs/no-config/config.yaml").unlink()
    (tmp_path / "runs/no-yaml/config.yaml").write_text("{")
    (tmp_path / "runs/no-json/metrics.jsonl").write_text("{}\n")
    end = tmp_path / "runs/no-end/config.yaml"
    end.write_text(end.read_text().removesuffix("...\n"))
    Run.create(tmp_path / "runs" / "begun", config, {})
    plain = Run.create(tmp_path / "runs" / "plain", make_config(data={"train": "quora-train"}), {})
    plain.write_weights(random_weights(config))
    plain.write_metrics([{"epoch": epoch, "dev": {}, "best": True} for epoch in range(10)])
    (tmp_path / "runs" / "empty").mkdir()
    return tmp_path


def by_name(stdout: str) -> dict[str, dict[str, Any]]:
    return {line["run"]: line for line in map(json.loads, stdout.splitlines())}


def test_every_run_is_a_line_of_json(folder: Path) -> None:
    result = pairlens(folder, "runs", "--json")
    assert (result.code, result.stderr) == (0, "")
    runs = by_name(result.stdout)
    assert {name.removeprefix("runs/"): run["state"] for name, run in runs.items()} == {
        "begun": "unfinished",
        "done": "finished",
        "many/seed-1": "unfinished",
        "no-config": "damaged",
        "no-end": "damaged",
        "no-json": "damaged",
        "no-yaml": "damaged",
        "plain": "finished",
    }
    assert runs["runs/done"] == {
        "run": "runs/done",
        "state": "finished",
        "task": "ranking",
        "metric": "map",
        "dev": 0.7,
        "epochs": 3,
        "data": "/data/mine/train",
        "seed": 1,
        "created": "2026-11-27T15:00:00+00:00",
        "fault": None,
    }
    assert runs["runs/plain"]["dev"] is None
    assert runs["runs/no-json"]["fault"].startswith("runs/no-json/metrics.jsonl: damaged")
    assert runs["runs/no-end"]["fault"].startswith("runs/no-end/config.yaml: cut off")


def test_the_table_fits_eighty_columns_and_names_the_faults(folder: Path) -> None:
    result = pairlens(folder, "runs", COLUMNS="80")
    assert (result.code, result.stdout) == (0, "")
    lines = result.stderr.splitlines()
    rows = {" ".join(line.replace("│", " ").split()) for line in lines}
    assert max(map(len, lines[:11])) <= 80
    assert "runs/done ranking map 0.7000 mine 2026-11-27 1" in rows
    assert sum("unfinished" in line for line in lines) == 2
    assert sum(line.startswith("warning: runs/no-") for line in lines) == 4
    assert any("quora-train" in line for line in lines)


def test_a_run_itself_and_a_folder_without_runs(folder: Path) -> None:
    assert list(by_name(pairlens(folder, "runs", "runs/done", "--json").stdout)) == ["runs/done"]
    assert pairlens(folder, "runs", "runs/empty").stderr == "runs/empty: no runs\n"
    assert pairlens(folder, "runs", "runs/empty", "--json").stdout == ""
    missing = in_new_process(folder, "runs", "nowhere")
    error = "error: nowhere: no such folder; give the folder that your runs are in, such as runs\n"
    assert (missing.code, missing.stderr) == (2, error)
    assert pairlens(folder, "runs", "s3://bucket").code == 2


def test_links_that_lead_in_circles_end(folder: Path) -> None:
    (folder / "runs" / "empty" / "again").symlink_to(folder / "runs")
    assert pairlens(folder, "runs", "--json").code == 0
