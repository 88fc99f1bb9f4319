"""Bad input: exit code 2, one line for each fault with its place, and no half-written output."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from command_line import files_below, trained_project
from forked import pairlens

Damage = Callable[[Path], object]


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_project(tmp_path_factory)


@pytest.fixture
def run(project: Path, tmp_path: Path) -> Path:
    """A copy of the run, to be damaged."""
    return Path(shutil.copytree(project / "run", tmp_path / "run"))


def refuse(folder: Path, *arguments: str | Path) -> list[str]:
    """Return the faults on stderr, without `error: `; the command must leave the folder unchanged."""
    before = files_below(folder)
    result = pairlens(folder, *arguments)
    assert result.code == 2, result
    assert result.stdout == ""
    assert files_below(folder) == before
    faults = result.stderr.splitlines()
    assert all(fault.startswith("error: ") for fault in faults), result.stderr
    return [fault.removeprefix("error: ") for fault in faults]


# ---- data ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "value", "label", "fault"),
    [
        ("1 2\n3 x 5\n", "6\n7\n", "0\n1\n", "q.txt:2:3: not an integer: 'x'; a text is base-10 ids"),
        ("1 2\n3\n", "6\n8 9 -7\n", "0\n1\n", "v.txt:2:5: negative: '-7'; ids go from 0 to 28"),
        ("1 29\n3\n", "6\n7\n", "0\n1\n", "q.txt:1:3: too large: '29'; ids go from 0 to 28"),
        ("1\n\n3\n", "6\n7\n8\n", "0\n1\n1\n", "q.txt:2:1: an empty text"),
        ("1\n2\n3\n", "6\n7\n", "0\n1\n1\n", "q.txt: 3 lines, but v.txt: 2 lines"),
        ("1\n2\n", "6\n7\n", "0\n1\n1\n", "q.txt: 2 lines, but l.txt: 3 lines"),
        (None, "6\n", "1\n", "q.txt: No such file or directory"),
    ],
)
def test_data(project: Path, tmp_path: Path, query: str | None, value: str, label: str, fault: str) -> None:
    for name, text in (("q.txt", query), ("v.txt", value), ("l.txt", label)):
        if text is not None:
            (tmp_path / name).write_text(text)
    files = ["--query", "q.txt", "--value", "v.txt", "--label", "l.txt"]
    (found,) = refuse(tmp_path, "evaluate", project / "run", *files)
    assert found.startswith(fault)


# ---- configs ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["train", "check"])
def test_every_fault_of_a_config_is_found_at_once(tmp_path: Path, command: str) -> None:
    (tmp_path / "bad.yaml").write_text(
        "data: {train: data/train}\n"
        "model:\n"
        "  embedding: {input_dim: 0}\n"  # line 3
        "  conv: {filtres: 5}\n"
        "  attention: {score_mode: dto}\n"
    )
    assert refuse(tmp_path, command, "bad.yaml", "--set", "training.seed=x") == [
        "bad.yaml:3: model.embedding.input_dim: found 0; must be an integer ≥ 1",
        'bad.yaml:4: model.conv.filtres: unknown key; did you mean "filters"?',
        'bad.yaml:5: model.attention.score_mode: found "dto"; must be dot or concat',
        '--set training.seed=x: training.seed: found "x"; must be an integer from 0 to 4294967295',
    ]


def test_a_config_that_is_missing(tmp_path: Path) -> None:
    assert refuse(tmp_path, "train", "none.yaml") == ["none.yaml: cannot be read: No such file or directory"]


# ---- what exists and what does not -----------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["evaluate", "score", "attend"])
def test_a_run_that_is_missing(tmp_path: Path, command: str) -> None:
    files = [] if command == "evaluate" else ["q.txt", "v.txt"]
    assert refuse(tmp_path, command, "none", *files) == [
        "none: no such run directory; create it with `pairlens train CONFIG --output none`"
    ]


def test_a_directory_that_is_no_run(project: Path) -> None:
    assert refuse(project, "evaluate", "data") == ["data/config.yaml: missing; data is not a run directory"]


def test_a_run_that_exists(project: Path) -> None:
    """Nothing is replaced without `--force`, and with it only a run."""
    assert refuse(project, "train", "config.yaml", "--output", "run") == [
        "run: contains a run; choose another directory, or add --resume or --force"
    ]
    for force in ([], ["--force"]):
        assert refuse(project, "train", "config.yaml", "--output", "data", *force) == [
            "data: contains files that are not a run's; choose another directory"
        ]
    assert refuse(project, "train", "config.yaml", "--output", "config.yaml", "--force") == [
        "config.yaml: is a file, but a run is a directory; choose another name"
    ]


@pytest.mark.parametrize(
    ("command", "option", "name"),
    [
        ("evaluate", "--output", "evaluation.json"),
        ("evaluate", "--predictions", "predictions.tsv"),
        ("score", "--output", "scores.txt"),
        ("attend", "--output", "maps.jsonl"),
    ],
)
def test_an_output_that_exists(project: Path, tmp_path: Path, command: str, option: str, name: str) -> None:
    (tmp_path / name).write_text("precious")
    files = [] if command == "evaluate" else [project / "data" / f"test.{side}.txt" for side in ("query", "value")]
    arguments = [command, project / "run", *files, option, name]
    assert refuse(tmp_path, *arguments) == [f"{name}: exists already; choose another name, or replace it with --force"]
    assert pairlens(tmp_path, *arguments, "--force").code == 0
    assert files_below(tmp_path).keys() == {name}
    assert "precious" not in (tmp_path / name).read_text()


def test_an_output_without_a_directory(project: Path) -> None:
    files = ["data/test.query.txt", "data/test.value.txt"]
    assert refuse(project, "score", "run", *files, "--output", "none/scores.txt") == [
        "none/scores.txt: there is no directory none; make it first"
    ]


# ---- damaged runs ----------------------------------------------------------------------------------------------------


def change_weights(run: Path, name: str, array: object) -> None:
    with np.load(run / "weights.npz") as file:
        arrays = dict(file)
    np.savez(run / "weights.npz", allow_pickle=True, **(arrays | {name: np.asarray(array)}))


def cut(run: Path) -> None:
    """Truncate the weights to half of their bytes."""
    whole = (run / "weights.npz").read_bytes()
    (run / "weights.npz").write_bytes(whole[: len(whole) // 2])


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (lambda run: (run / "weights.npz").unlink(), "weights.npz: missing; the run has no weights yet"),
        (cut, "weights.npz: damaged or not an npz file"),
        (
            lambda run: change_weights(run, "head/bias", np.zeros(2, np.float32)),
            "weights.npz: head/bias is float32 [2], but config.yaml needs float32 [1]",
        ),
        # A pickle could run any code when it is loaded.
        (
            lambda run: change_weights(run, "head/bias", np.array([print], object)),
            "weights.npz: damaged or not an npz file (Object arrays cannot be loaded",
        ),
        (lambda run: (run / "config.yaml").write_text("task: [\n"), "config.yaml:2:1: not valid YAML"),
        (lambda run: (run / "evaluation.json").write_text("{"), "evaluation.json: damaged"),
    ],
)
def test_a_damaged_run(run: Path, damage: Damage, fault: str) -> None:
    """More kinds of damage are in test_runs.py."""
    damage(run)
    (found,) = refuse(run.parent, "evaluate", "run", "--split", "dev")
    assert found.startswith(f"run/{fault}")


@pytest.mark.parametrize("name", ["weights.npz", "config.yaml", "evaluation.json"])
@pytest.mark.parametrize("kind", ["pipe", "device", "huge"])
def test_a_run_whose_files_never_end_or_never_begin(project: Path, run: Path, name: str, kind: str) -> None:
    """They are refused at once and in little memory; a sparse file of 1 TB is read only up to the size limit."""
    path = run / name
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        with path.open("wb") as file:
            file.truncate(2**40)
    result = pairlens(
        project, "evaluate", run, before="import resource; resource.setrlimit(resource.RLIMIT_CPU, (60, 60))"
    )
    assert (result.code, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"error: {path}: ")


@pytest.mark.parametrize("side", ["query", "value", "label", "group", "weight"])
def test_a_train_file_that_is_a_pipe(project: Path, tmp_path: Path, side: str) -> None:
    for name in ("query", "value", "label"):
        (tmp_path / f"train.{name}.txt").write_bytes((project / "data" / f"train.{name}.txt").read_bytes())
    path = tmp_path / f"train.{side}.txt"
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    error = f"error: {path}: not a regular file; the files of a split are read more than once\n"
    change = ("--set", f"data.train={tmp_path}/train", "--quiet")
    assert pairlens(project, "check", "config.yaml", *change) == (2, "", error)
    assert pairlens(project, "train", "config.yaml", *change, "--output", tmp_path / "run") == (2, "", error)


def test_pipes_for_two_runs(project: Path, tmp_path: Path) -> None:
    path = tmp_path / "query"
    os.mkfifo(path)
    files = ("--query", path, "--value", "data/dev.value.txt", "--label", "data/dev.label.txt")
    expected = (2, "", f"error: {path}: not a regular file; it is read once for each run, so give a file\n")
    assert pairlens(project, "evaluate", "run", *files, "--compare", "run") == expected
    assert pairlens(project, "report", "run", "run", *files, "--output", tmp_path / "page.html") == expected
