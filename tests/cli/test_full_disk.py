"""A disk that fills up while a file is written: a clear error, exit code 1, the old file unchanged, no temporary files.

A limit on the size of files simulates the disk: the system reports both as an error of the same write. Where the
system allows mounting a small disk in memory, the tests fill that, too.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from command_line import PAIRLENS, Result, files_below, plain_environment, trained_project
from forked import pairlens
from running import interrupt, open_pipe, run_to_end, running, wait_for

FILES = ["data/train.query.txt", "data/train.value.txt"]


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_project(tmp_path_factory)


@pytest.fixture
def copy(project: Path, tmp_path: Path) -> Path:
    """A copy of the project, to be written into."""
    return Path(shutil.copytree(project, tmp_path / "project", ignore=shutil.ignore_patterns("__pycache__")))


def limited(folder: Path, size: int, *arguments: str) -> Result:
    """Run the command with a limit of `size` bytes for each file."""
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))"
    return pairlens(folder, *arguments, before=limit)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("out.txt", ["score", "run", *FILES, "--output"]),
        ("out.json", ["evaluate", "run", "--quiet", "--output"]),
        ("out.tsv", ["evaluate", "run", "--quiet", "--predictions"]),
        ("out.npz", ["attend", "run", *FILES, "--output"]),
        ("out.jsonl", ["attend", "run", *FILES, "--output"]),
        ("out.jsonl.gz", ["attend", "run", *FILES, "--output"]),
    ],
)
def test_a_result(copy: Path, name: str, arguments: list[str]) -> None:
    (copy / name).write_text("old")
    before = files_below(copy)
    result = limited(copy, 512, *arguments, name, "--force")
    assert (result.code, result.stderr) == (1, f"error: {name}: File too large; what was there before is kept\n")
    assert files_below(copy) == before


def test_a_new_run_on_a_full_disk(copy: Path) -> None:
    """The weights do not fit: the files before them are whole, and the next command names what is missing."""
    result = limited(copy, 3000, "train", "config.yaml", "--output", "new", "--set", "training.epochs=1")
    assert result.code == 1
    assert result.stderr.splitlines()[-1] == "error: new/weights.npz: File too large; what was there before is kept"
    assert not [path for path in (copy / "new").rglob("*") if path.name.endswith(".partial")]
    result = pairlens(copy, "score", "new", *FILES)
    assert result.code == 2
    assert result.stderr.startswith("error: new/")


def test_a_resumable_output_keeps_its_chunks(copy: Path) -> None:
    """The first chunk fits and the second one does not; with free space, the same command continues from there."""
    (copy / "q.txt").write_text("1 2\n" * 140_000)
    command = ["score", "run", "q.txt", "q.txt", "--output", "out.txt", "--resume"]
    result = limited(copy, 900_000, *command)
    assert result.code == 1
    assert result.stderr.splitlines()[-1] == "error: out.txt: File too large; what was there before is kept"
    assert json.loads((copy / "out.txt.progress").read_text())["state"]["position"][0] == 65_536
    assert pairlens(copy, *command).code == 0
    lines = (copy / "out.txt").read_text().splitlines()
    assert len(lines) == 140_000
    assert len(set(lines)) == 1


# ---- a real disk, in its own namespace -------------------------------------------------------------------------------

UNSHARE = ["unshare", "--user", "--map-root-user", "--mount"]


@pytest.fixture
def disk(copy: Path) -> Path:
    """The directory where `on_disk` mounts its disk."""
    (copy / "disk").mkdir()
    mount = [*UNSHARE, "mount", "-t", "tmpfs", "none", "disk"]
    if not shutil.which("unshare") or run_to_end(mount, cwd=copy, capture_output=True).returncode:
        pytest.skip("no disk can be mounted here; the tests above stand for it")
    return copy / "disk"


def on_disk(folder: Path, size: str, script: str) -> Result:
    """Run a shell script next to an empty disk, `disk`, of that size; `$PAIRLENS` is the command."""
    done = run_to_end(
        [*UNSHARE, "sh", "-euc", f"mount -t tmpfs -o size={size} none disk; {script}"],
        cwd=folder,
        env=plain_environment() | {"PAIRLENS": PAIRLENS},
        capture_output=True,
        text=True,
    )
    return Result(done.returncode, done.stdout, done.stderr)


@pytest.mark.usefixtures("disk")
@pytest.mark.parametrize("command", ["score --output", "evaluate --quiet --predictions", "attend --output"])
def test_a_result_on_a_full_disk(copy: Path, command: str) -> None:
    """The file that was there before is unchanged, and no other file is next to it."""
    name, *options = command.split()
    files = [] if name == "evaluate" else FILES
    arguments = " ".join([name, "run", *files, *options, "disk/out.jsonl", "--force"])
    fill = "echo old > disk/out.jsonl; cat /dev/zero 2> /dev/null > disk/other || true"
    result = on_disk(copy, "64k", f"{fill}; $PAIRLENS {arguments} || echo $?; cat disk/out.jsonl; ls -A disk")
    assert result == (
        0,
        "1\nold\nother\nout.jsonl\n",
        "error: disk/out.jsonl: No space left on device; what was there before is kept\n",
    )


@pytest.mark.usefixtures("disk")
def test_scoring_goes_on_when_there_is_room_again(copy: Path) -> None:
    (copy / "q.txt").write_text("1 2\n" * 140_000)
    score = "$PAIRLENS score run q.txt q.txt"
    resumable = f"{score} --output disk/out.txt --resume --quiet"
    more = "mount -o remount,size=8m disk"
    result = on_disk(
        copy,
        "900k",
        f"{resumable} || echo $?; ls -A disk; {more}; {resumable}; ls -A disk; {score} | cmp - disk/out.txt",
    )
    assert result == (
        0,
        "1\nout.txt.partial\nout.txt.progress\nout.txt\n",
        "error: disk/out.txt: No space left on device; what was there before is kept\n",
    )


@pytest.mark.usefixtures("disk")
def test_training_goes_on_when_there_is_room_again(copy: Path) -> None:
    """The disk fills up during training; `--resume` then ends with the same files as an undisturbed training."""
    train = "$PAIRLENS train config.yaml --seed 7 --output disk/run --quiet --set training.checkpoint.every_steps=1"
    more = "mount -o remount,size=8m disk"
    keep = "cp disk/run/metrics.jsonl before.jsonl; find disk -name '*.partial'"
    result = on_disk(copy, "64k", f"{train} || echo $?; {keep}; {more}; {train} --resume; cp -r disk/run again")
    assert result[:2] == (0, "1\n")
    assert re.fullmatch(r"error: disk/run/\S+: No space left on device; what was there before is kept\n", result.stderr)
    assert 0 < len(epochs(copy / "before.jsonl")) < 20
    assert epochs(copy / "again/metrics.jsonl") == epochs(copy / "run/metrics.jsonl")
    assert (copy / "again/weights.npz").read_bytes() == (copy / "run/weights.npz").read_bytes()


def epochs(path: Path) -> list[tuple[int, float, dict[str, float]]]:
    """The lines of a metrics.jsonl without their times."""
    parsed = map(json.loads, path.read_text().splitlines())
    return [(line["epoch"], line["loss"], line["dev"]) for line in parsed]


# ---- interruptions ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
@pytest.mark.parametrize("command", ["score", "attend"])
def test_an_interruption_leaves_nothing(copy: Path, command: str, number: int, code: int) -> None:
    (copy / "q.txt").write_text("1 2 3 4 5 6 7 8\n" * 1_500_000)
    before = {path.name for path in copy.iterdir()}
    arguments = [command, "run", "q.txt", "q.txt", "--output", "out.jsonl", "--quiet"]
    with running(
        [PAIRLENS, *arguments], cwd=copy, env=plain_environment(), stderr=subprocess.PIPE, text=True
    ) as process:
        wait_for(lambda: list(copy.glob(".out.jsonl.*")), process)
        process.send_signal(number)
        assert process.stderr.read() == ""
    assert process.returncode == code
    assert {path.name for path in copy.iterdir()} == before


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_an_interrupted_evaluation(copy: Path, number: int, code: int) -> None:
    """It waits for labels from a pipe without a writer; it must leave no output."""
    os.mkfifo(copy / "pipe")
    before = {path.name for path in copy.iterdir()}
    files = ["--query", FILES[0], "--value", FILES[1], "--label", "pipe"]
    arguments = ["evaluate", "run", *files, "--output", "out.json", "--predictions", "out.tsv"]
    with (
        running(
            [PAIRLENS, *arguments], cwd=copy, env=plain_environment(), stderr=subprocess.PIPE, text=True
        ) as process,
        open_pipe(copy / "pipe", process),
    ):
        interrupt(process, number)
        assert process.stderr.read() == ""
    assert process.returncode == code
    assert {path.name for path in copy.iterdir()} == before
