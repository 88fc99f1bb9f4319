"""`pairlens runs` lists what is there, and what is unfinished or damaged; it reads neither weights nor data."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import pytest
from command_line import pairlens as in_new_process
from forked import pairlens
from models import random_weights
from small_runs import make_config

from pairlens.runs import json_files
from pairlens.runs.listing import list_runs, run_folders
from pairlens.runs.run import Run
from pairlens_cli.display.runs import show_runs


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


def test_the_table_is_the_result_and_the_faults_are_warnings(folder: Path) -> None:
    """Redirected to a file it is plain lines, whole at any width; --quiet leaves the result."""
    result = pairlens(folder, "runs", COLUMNS="20")
    assert result.code == 0
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["run", "task", "dev", "data", "began", "seed"]
    assert " ".join(lines[2].split()) == "runs/done ranking map 0.7000 mine 2026-11-27 1"
    assert {line.index(word) for line, word in zip(lines[:3], ("task", "ranking", "ranking"), strict=True)} == {18}
    assert sum("unfinished" in line for line in lines) == 2
    assert sum("quora-train" in line for line in lines) == 1
    assert [line.startswith("warning: runs/no-") for line in result.stderr.splitlines()] == [True] * 4
    quiet = pairlens(folder, "runs", "--quiet")
    assert (quiet.stdout, quiet.stderr) == (result.stdout, "")


def test_on_a_terminal_the_table_fits_eighty_columns(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    show_runs(Path("runs"), list(list_runs(Path("runs"))))
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    rows = {" ".join(line.replace("│", " ").split()) for line in lines}
    assert "runs/done ranking map 0.7000 mine 2026-11-27 1" in rows


def test_a_run_itself_and_a_folder_without_runs(folder: Path) -> None:
    assert list(by_name(pairlens(folder, "runs", "runs/done", "--json").stdout)) == ["runs/done"]
    assert pairlens(folder, "runs", "runs/empty").stderr == "runs/empty: no runs\n"
    assert pairlens(folder, "runs", "runs/empty", "--json").stdout == ""
    missing = in_new_process(folder, "runs", "nowhere")
    error = "error: nowhere: no such folder; give the folder that your runs are in, such as runs\n"
    assert (missing.code, missing.stderr) == (2, error)
    assert pairlens(folder, "runs", "s3://bucket").code == 2


def test_links_hide_nothing_and_count_nothing_twice(folder: Path) -> None:
    """To a parent, to a neighbour, to themselves, to nothing; only one that leads elsewhere has further runs."""
    plain = by_name(pairlens(folder, "runs", "--json").stdout)
    runs = folder / "runs"
    (runs / "empty" / "again").symlink_to(runs)
    (runs / "a-neighbour").symlink_to(runs / "done")
    (runs / "itself").symlink_to(runs / "itself")
    (runs / "nothing").symlink_to(folder / "nothing")
    assert by_name(pairlens(folder, "runs", "--json").stdout) == plain
    (runs / "done").rename(folder / "elsewhere")
    assert "runs/a-neighbour" not in by_name(pairlens(folder, "runs", "--json").stdout)
    (runs / "done").symlink_to(folder / "elsewhere")
    assert "runs/a-neighbour" in by_name(pairlens(folder, "runs", "--json").stdout)


def test_what_may_not_be_read_is_left_out_or_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that may not be searched hides no other; a file that may not be read is no damage."""
    whole, stat = list(run_folders(folder / "runs")), Path.stat

    def denied(path: Path, **options: Any) -> Any:
        if path.parent.name == "empty":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return stat(path, **options)

    def unreadable(path: Path, limit: int) -> bytes:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "stat", denied)
    assert list(run_folders(folder / "runs")) == whole
    monkeypatch.setattr(json_files, "read_regular", unreadable)
    (found,) = list_runs(folder / "runs" / "done")
    assert (found.state, found.fault) == (
        "damaged",
        f"{folder}/runs/done/metrics.jsonl: unreadable: Permission denied",
    )
