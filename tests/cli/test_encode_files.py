"""What `encode` may read and where it may write: it overwrites no input, never hangs, and leaves no temporary files."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import PAIRLENS, Result, files_below, plain_environment
from forked import pairlens
from running import interrupt, open_pipe, run_to_end, running, wait_for

TABLE = "question1,question2,is_duplicate\nhow a,why a,1\nhow b,why b,0\n"
MADE = ["train.query.txt", "train.value.txt", "train.label.txt", "vocab.txt", "tokenizer.json"]
AT_TIMES = ["classes.json", "vocab.vectors.npy", "vocab.vectors.words"]
every_file = pytest.mark.parametrize("name", [*MADE, *AT_TIMES])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "train.csv").write_text(TABLE)
    return tmp_path


def refused(folder: Path, arguments: list[str], message: str, stdin: str | None = None) -> None:
    """Check that the command exits with 2 and one error, and changes no file."""
    before = files_below(folder)
    code, _, stderr = pairlens(folder, "encode", *arguments, "--quiet", stdin=stdin or "")
    assert code == 2, stderr
    assert message in stderr
    assert stderr.count("\n") == 1
    assert files_below(folder) == before


def done(folder: Path, *arguments: str) -> Result:
    result = pairlens(folder, "encode", *arguments, "--quiet")
    assert result.code == 0, result.stderr
    return result


# ---- where it writes -------------------------------------------------------------------------------------------------


@every_file
def test_each_file_is_kept_or_replaced(folder: Path, name: str) -> None:
    (folder / "mine").mkdir()
    (folder / "mine" / name).write_text("mine")
    refused(folder, ["train.csv", "-o", "mine"], f"mine/{name}: exists already")
    done(folder, "train.csv", "-o", "mine", "--force")
    assert sorted(files_below(folder / "mine")) == sorted(MADE)  # labels that are numbers have no names
    assert b"mine" not in files_below(folder / "mine").values()


@every_file
@pytest.mark.parametrize(
    ("lay", "given"),
    [(os.link, "train.csv"), (os.symlink, "train=train.csv"), (os.symlink, "train=./../{}/train.csv")],
)
def test_what_is_read_is_never_replaced(folder: Path, name: str, lay: Callable[[Path, Path], None], given: str) -> None:
    lay(folder / "train.csv", folder / name)
    message = "is the same file as"
    refused(folder, [given.format(folder.name), "-o", ".", "--force"], message)


@every_file
def test_pipes_devices_and_directories_are_no_files_of_an_encoding(folder: Path, name: str) -> None:
    (folder / "mine").mkdir()
    path = folder / "mine" / name
    for lay in (os.mkfifo, lambda path: path.symlink_to("/dev/null")):
        lay(path)
        refused(folder, ["train.csv", "-o", "mine", "--force"], f"mine/{name}: is a pipe or a device")
        path.unlink()
    path.mkdir()
    refused(folder, ["train.csv", "-o", "mine", "--force"], "is a directory")


def test_the_directory_may_be_a_link_and_be_made_with_those_above_it(folder: Path) -> None:
    (folder / "real").mkdir()
    (folder / "link").symlink_to("real")
    done(folder, "train.csv", "-o", "link")
    done(folder, "train.csv", "-o", "a/b/c")
    assert files_below(folder / "real") == files_below(folder / "a" / "b" / "c")


def test_ids_of_another_vocabulary_are_not_left_beside_a_new_one(folder: Path) -> None:
    done(folder, "train.csv", "dev=train.csv", "-o", "mine")
    message = "mine: dev.query.txt has ids of the vocabulary that would be replaced"
    refused(folder, ["train.csv", "-o", "mine", "--force", "--tokenizer", "char"], message)
    done(folder, "train.csv", "-o", "mine", "--force")  # the same vocabulary
    done(folder, "train.csv", "dev=train.csv", "-o", "mine", "--force", "--tokenizer", "char")


@pytest.mark.parametrize("name", ["..", ".", "../x", "a/b", "", "a b", ".hidden", "n" * 101, "n" * 300])
def test_a_split_has_the_name_of_a_file(folder: Path, name: str) -> None:
    refused(folder, [f"{name}=train.csv", "-o", "mine"], f"{name}=train.csv: ")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
@pytest.mark.parametrize("like", [[], ["--like", "like"]], ids=["learning", "encoding"])
def test_an_interrupted_encoding_leaves_nothing(folder: Path, number: int, code: int, like: list[str]) -> None:
    """Rows come from a pipe that stays open."""
    done(folder, "train.csv", "-o", "like")
    before = files_below(folder)
    command = [PAIRLENS, "encode", "train=-", "-o", "mine", "--quiet", *like]
    with running(
        command, cwd=folder, env=plain_environment(), stdin=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdin.write((TABLE + "a,b,1\n" * 300_000).encode())  # more than is read to detect the columns
        process.stdin.flush()
        if like:
            wait_for((folder / "mine").exists, process)
        interrupt(process, number)
        stderr = process.stderr.read()
    assert (process.returncode, stderr) == (code, b"")
    assert files_below(folder) == before
    assert not (folder / "mine").exists()


# ---- what it reads ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("more", [[], ["--like", "like"]], ids=["learning", "encoding"])
def test_a_pipe_is_a_table_though_it_is_read_more_than_once(folder: Path, more: list[str]) -> None:
    done(folder, "train.csv", "-o", "like")
    os.mkfifo(folder / "pipe")
    command = [PAIRLENS, "encode", "train=pipe", "-o", "mine", "--quiet", *more]
    with running(command, cwd=folder, env=plain_environment()) as process, open_pipe(folder / "pipe", process) as pipe:
        pipe.write(TABLE)
    assert process.returncode == 0
    assert files_below(folder / "mine") == files_below(folder / "like")


def test_a_pipe_of_lines_is_refused(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    for files in (["pipe", "train.csv"], ["train.csv", "pipe"]):
        arguments = ["--query-file", files[0], "--value-file", files[1], "-o", "mine"]
        code, _, stderr = pairlens(folder, "encode", *arguments, "--quiet")
        assert (code, "pipe: not a regular file; it is read twice" in stderr) == (2, True)


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (["yes", "a,b,c"], "no two columns have usual names for a pair of texts"),
        (["sh", "-c", "yes a,b,c | tr -d '\n'"], "a line of more than 16777216 characters"),
        (["sh", "-c", "echo question1,question2; yes a,b,c | tr -d '\n'"], "a line of more than 16777216 characters"),
        (["cat", "/dev/zero"], "<stdin>:1:1: a NUL"),
    ],
)
def test_an_endless_stream_that_is_no_table_is_told_at_once(folder: Path, program: list[str], message: str) -> None:
    command = [PAIRLENS, "encode", "train=-", "-o", "mine", "--quiet"]
    with running(program, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as endless:
        result = run_to_end(command, cwd=folder, stdin=endless.stdout, capture_output=True, text=True, limit=60)
        endless.kill()
    assert (result.returncode, message in result.stderr) == (2, True), result.stderr
    assert not (folder / "mine").exists()


def test_what_is_no_table_is_told(folder: Path) -> None:
    (folder / "directory").mkdir()
    refused(folder, ["train=directory", "-o", "mine"], "directory: Is a directory")
    refused(folder, ["train=/dev/zero", "-o", "mine"], "/dev/zero:1:1: a NUL")
    refused(folder, ["train=-", "dev=-", "-o", "mine"], "-: stdin is read for one split", stdin=TABLE)
    refused(folder, ["train=" + "n" * 300, "-o", "mine"], "File name too long")


def test_halves_of_characters_become_question_marks(folder: Path) -> None:
    row = '{"query": "a \\ud800", "value": "a", "label": "x\\ud800", "group": "g\\uDC00", "id": "\\ud800 i"}\n'
    (folder / "t.jsonl").write_text(row + row.replace('"x', '"y'))
    done(folder, "train=t.jsonl", "-o", "mine", "--id-column", "id")
    assert (folder / "mine" / "classes.json").read_text() == '["x?", "y?"]\n'
    assert (folder / "mine" / "train.id.txt").read_text() == "? i\n? i\n"


@pytest.mark.parametrize("classes", ["x,x,y", "x,,y", "x, ,y"])
def test_each_class_has_a_name_of_its_own(folder: Path, classes: str) -> None:
    (folder / "train.csv").write_text("query,value,label\na b,b a,x\na b,b a,y\n")
    refused(folder, ["train.csv", "-o", "mine", "--classes", classes], "each class must have its own name")
