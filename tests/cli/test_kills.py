"""Commands that kill -9 ends before any one change of a file: the same command then gives the same bytes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from command_line import files_below, lines, random_texts, trained_project
from forked import pairlens
from kills import killed

INPUTS = ("q.txt", "v.txt")


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_project(tmp_path_factory)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for seed, name in enumerate(INPUTS):
        (tmp_path / name).write_text(lines(random_texts(20, seed)))
    with (tmp_path / "v.txt").open("a") as values, (tmp_path / "q.txt").open("a") as queries:
        queries.write("1\n")
        values.write("bad\n")
    return tmp_path


def results(folder: Path) -> dict[str, bytes]:
    return {name: content for name, content in files_below(folder).items() if name not in INPUTS}


@pytest.mark.parametrize(
    ("output", "renameat2"),
    [("scores.txt", True), ("scores.txt.gz", True), ("scores.txt", False)],
    ids=["plain", "gzip", "a file system without renameat2"],
)
def test_a_scoring_is_gone_on_with_from_any_moment(project: Path, folder: Path, output: str, renameat2: bool) -> None:
    bad = f"scores.bad{Path(output).suffix}"
    command = ["score", project / "run", *INPUTS, "--on-bad-line", "nan", "--output", output, "--bad-lines", bad]
    assert pairlens(folder, *command).code == 0
    expected = results(folder)
    for step in range(100):
        for name in results(folder):
            (folder / name).unlink()
        dies = killed(folder, step, "scores", *command, "--resume", renameat2=renameat2)
        assert dies or results(folder) == expected
        if not dies:
            break
        result = pairlens(folder, *command, "--resume")
        assert (result.code, step, results(folder)) == (0, step, expected), result.stderr
    assert step > 10


@pytest.fixture
def amid(project: Path, tmp_path: Path) -> Path:
    """The project after `train --force` was killed during the three renames that replace `run`."""
    folder = tmp_path / "project"
    shutil.copytree(project, folder)
    (folder / "run").rename(folder / "old")
    shutil.copytree(folder / "old", folder / "run.new")
    (folder / "old").rename(folder / "run.new" / ".replaced")
    status = (folder / "run.new" / ".replaced").stat()
    (folder / "run.new" / ".replaces").write_text(f"{status.st_dev} {status.st_ino}\n")
    return folder


TEXTS = ("data/test.query.txt", "data/test.value.txt")


@pytest.mark.parametrize(
    "command",
    [
        ["score", "run", *TEXTS],
        ["evaluate", "run"],
        ["evaluate", "run.new", "--compare", "run"],
        ["attend", "run", *TEXTS],
        ["report", "run", "--output", "report.html"],
        ["check", "config.yaml", "--set", "training.warm_start=run"],
    ],
    ids=" ".join,
)
def test_a_run_amid_being_replaced_is_found(amid: Path, command: list[str]) -> None:
    result = pairlens(amid, *command)
    assert result.code == 2
    assert result.stderr.count("\n") == 1 or command[0] == "check"  # which reports everything it checked
    assert "run: a training was killed while it replaced this run; finish with `pairlens train CONFIG" in result.stderr
    assert "--resume`. Until then, the new run is " in result.stderr


def test_a_run_amid_being_replaced_is_not_trained_beside(amid: Path) -> None:
    before = files_below(amid)
    result = pairlens(amid, "train", "config.yaml", "--seed", "7", "--output", "run")
    assert result.code == 2
    assert result.stderr == (
        "error: run: a training that replaces it was interrupted; add --resume to continue that, or "
        "--force to start again\n"
    )
    assert files_below(amid) == before


@pytest.mark.parametrize("repair", ["--resume", "--force"])
def test_a_run_amid_being_replaced_is_mended(project: Path, amid: Path, repair: str) -> None:
    """The new run is finished; --resume only has to rename it."""
    for path in (amid / "run.new" / "environment.json", amid / "run.new" / "config.yaml"):
        path.write_text(path.read_text().replace(str(project), str(amid)))
    result = pairlens(amid, "train", "config.yaml", "--seed", "7", "--output", "run", repair)
    assert result.code == 0, result.stderr
    assert not [path for path in amid.rglob("*") if path.name in ("run.new", ".replaces", ".replaced", ".lock")]
    assert (amid / "run" / "weights.npz").read_bytes() == (project / "run" / "weights.npz").read_bytes()
