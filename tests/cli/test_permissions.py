"""Unreadable files and read-only directories: one line, an exit code, no temporary files."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from command_line import PAIRLENS, WITHOUT_PRIVILEGES, Result, files_below, pairlens, plain_environment, trained_project
from running import run_to_end

FILES = ["data/train.query.txt", "data/train.value.txt"]
LABELLED = ["--query", "data/test.query.txt", "--value", "data/test.value.txt", "--label", "data/test.label.txt"]


@pytest.fixture
def project(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Path:
    """A copy of the project whose permissions tests may change."""
    return Path(shutil.copytree(trained_project(tmp_path_factory), tmp_path / "project"))


def refused(project: Path, locked: str, *arguments: str) -> Result:
    """Return the command's error while `locked` is neither readable nor writable; it must change no file."""
    path = project / locked
    before, mode = files_below(project), path.stat().st_mode
    path.chmod(0o555 if path.is_dir() else 0)
    try:
        result = pairlens(project, *arguments, before=WITHOUT_PRIVILEGES)
    finally:
        path.chmod(mode)
    assert files_below(project) == before
    return result


@pytest.mark.parametrize(
    ("locked", "arguments"),
    [
        ("data/train.value.txt", ["score", "run", *FILES, "--output", "out.txt"]),
        ("data/test.label.txt", ["evaluate", "run", *LABELLED, "--output", "out.json"]),
        ("data/dev.query.txt", ["check", "config.yaml"]),
        ("data/train.query.txt", ["train", "config.yaml", "--output", "new"]),
        ("config.yaml", ["check", "config.yaml"]),
        ("run/config.yaml", ["score", "run", *FILES]),
        ("run/weights.npz", ["score", "run", *FILES]),
        ("run/evaluation.json", ["evaluate", "run"]),
    ],
)
def test_a_file_that_may_not_be_read(project: Path, locked: str, arguments: list[str]) -> None:
    result = refused(project, locked, *arguments)
    assert result.code == 2, result
    assert result.stdout == ""
    assert locked in result.stderr
    assert "Permission denied" in result.stderr or "is not readable" in result.stderr


@pytest.mark.parametrize(
    ("locked", "arguments"),
    [
        (".", ["score", "run", *FILES, "--output", "out.txt"]),
        (".", ["score", "run", *FILES, "--output", "out.txt", "--resume"]),
        (".", ["evaluate", "run", "--quiet", "--output", "out.json"]),
        (".", ["attend", "run", *FILES, "--output", "out.npz"]),
        (".", ["train", "config.yaml", "--output", "new"]),
    ],
)
def test_a_directory_that_may_not_be_written_into(project: Path, locked: str, arguments: list[str]) -> None:
    result = refused(project, locked, *arguments)
    assert result.code == 1, result
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert "Permission denied" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "made"),
    [
        (["score", "run", *FILES, "--output", "out.txt"], "out.txt"),
        (["score", "run", *FILES, "--output", "out.txt", "--resume"], "out.txt"),
        (["score", "run", *FILES, "--on-bad-line", "nan", "--bad-lines", "bad.jsonl"], "bad.jsonl"),
        (["evaluate", "run", "--output", "out.json"], "out.json"),
        (["evaluate", "run", "--predictions", "out.tsv"], "out.tsv"),
        (["report", "run", "--output", "out.html"], "out.html"),
        (["attend", "run", *FILES, "--output", "out.npz"], "out.npz"),
        (["attend", "run", *FILES, "--pairs", "0,1", "--output", "maps.svg"], "maps-1.svg"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_a_directory_that_may_be_written_into_and_not_read(
    project: Path, tmp_path: Path, arguments: list[str], made: str
) -> None:
    """Mode 333, like a letter box: it can be neither listed nor synchronised."""
    box = tmp_path / "box"
    box.mkdir()
    box.chmod(0o333)
    arguments = [str(box / word) if word.startswith(("out", "bad", "maps")) else word for word in arguments]
    result = pairlens(project, *arguments, "--quiet", before=WITHOUT_PRIVILEGES)
    box.chmod(0o700)
    assert (result.code, result.stderr) == (0, "")
    assert (box / made).stat().st_size > 0 or made == "bad.jsonl"
    assert not [path.name for path in box.iterdir() if "partial" in path.name or "progress" in path.name]


def test_a_file_system_without_locks(project: Path, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import errno, fcntl, os\n"
        "def flock(*_): raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))\n"
        "fcntl.flock = flock\n"
    )
    path = f"{tmp_path}:{plain_environment().get('PYTHONPATH', '')}"
    output = tmp_path / "out.txt"
    result = pairlens(project, "score", "run", *FILES, "--output", output, "--resume", PYTHONPATH=path)
    assert (result.code, result.stderr) == (0, "")
    assert len(output.read_text().splitlines()) == 300
    assert sorted(p.name for p in tmp_path.iterdir() if p.name.startswith("out")) == ["out.txt"]


def test_an_output_that_is_mounted(project: Path, tmp_path: Path) -> None:
    """As a container engine mounts a file: it cannot be replaced, which is reported by name before any work."""
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "out.txt").touch()
    mount, score = f"mount --bind {tmp_path}/mine {tmp_path}/out.txt", f"exec {PAIRLENS} score run {' '.join(FILES)}"
    shell = ["unshare", "--mount", "sh", "-c", f"{mount} || exit 99; {score} --force --output {tmp_path}/out.txt"]
    done = run_to_end(shell, cwd=project, capture_output=True, text=True)
    if done.returncode == 99 or done.stderr.startswith("unshare"):
        pytest.skip(f"nothing may be mounted here: {done.stderr}")
    message = "is a mount point, which cannot be replaced; mount the directory that it is in"
    assert done.returncode == 2
    assert done.stderr == f"error: {tmp_path}/out.txt: {message}\n"
    assert (tmp_path / "mine").read_text() == "mine"
