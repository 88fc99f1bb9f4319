"""Every option that names an output, with everything that may already exist there: the table must list all options.

Nothing is overwritten without --force, and with it only files that are neither read nor a run's own; a link keeps
its target; a file appears whole or not at all, and never replaces one that was created in the meantime.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
import typer
from command_line import (
    PAIRLENS,
    Result,
    files_below,
    lines,
    plain_environment,
    random_texts,
    trained_project,
)
from forked import pairlens
from running import open_pipe, read_beside, run_to_end, running

from pairlens_cli.app import app
from pairlens_cli.options import Location

TEXTS = ("q.txt", "v.txt")
LABELLED = ("--query", "q.txt", "--value", "v.txt", "--label", "l.txt")
PLAIN = {".txt", ".jsonl", ".json", ".tsv"}
READ = {
    "--query",
    "--value",
    "--label",
    "--vocab",
    "--group",
    "--compare",
    "--input",
    "--like",
    "--teacher",
    "--labels",
}  # they name inputs
READ |= {"--space", "--query-file", "--value-file", "--label-file", "--group-file", "--vectors"}
DIRECTORIES = {(name, "--output") for name in ("train", "tune", "encode", "export")}  # tested with the commands


class Output(NamedTuple):
    """A command line, its option that names an output, a valid name, and the file that is written first."""

    command: tuple[str, ...]
    option: str
    name: str
    written: str = ""

    def arguments(self, name: str | Path | None = None, *more: str) -> list[str]:
        return [*self.command, self.option, str(name or self.name), *more]

    @property
    def file(self) -> str:
        return self.written or self.name


OUTPUTS = [
    Output(("score", "run", *TEXTS), "--output", "out.txt"),
    Output(("score", "run", *TEXTS, "--resume"), "--output", "out.txt"),
    Output(("score", "run", *TEXTS, "--on-bad-line", "nan"), "--bad-lines", "bad.jsonl"),
    Output(("evaluate", "run", *LABELLED), "--output", "out.json"),
    Output(("evaluate", "run", *LABELLED), "--predictions", "out.tsv"),
    Output(("report", "run", *LABELLED, "--errors", "0"), "--output", "out.html"),
    Output(("rank", "run", *TEXTS), "--output", "out.txt"),
    Output(("attend", "run", *TEXTS), "--output", "maps.npz"),
    Output(("attend", "run", *TEXTS), "--output", "maps.h5"),
    Output(("attend", "run", *TEXTS), "--output", "maps.jsonl.gz"),
    Output(("attend", "run", *TEXTS), "--output", "maps.html"),
    Output(("attend", "run", *TEXTS, "--pairs", "2"), "--output", "maps.svg"),
    Output(("attend", "run", *TEXTS, "--pairs", "0,1"), "--output", "maps.svg", "maps-0.svg"),
    Output(("attend", "run", *TEXTS, "--summary"), "--output", "summary.html"),
    Output(("attend", "run", *TEXTS, "--summary"), "--output", "summary.json"),
]
WITHOUT_RUN = [  # these read neither a run nor its texts
    Output(("init", "data"), "--output", "mine.yaml"),
    Output(("config", "run/config.yaml"), "--output", "whole.yaml"),
    Output(("schema",), "--output", "schema.json"),
    Output(("merge", "parts.d"), "--output", "merged.txt"),
    Output(("mine", "q.txt"), "--output", "mined", "mined.query.txt"),
    Output(("average", "l.txt", "l.txt"), "--output", "mean.txt"),
]

BESIDE = ("mine.schema.json", "maps-1.svg", "mined.value.txt")  # written next to a config, a picture and queries


def as_words(value: object) -> str:
    return " ".join(word for word in [*value.command, value.option, value.name] if word not in (*TEXTS, *LABELLED))  # type: ignore[attr-defined]


every_output = pytest.mark.parametrize("output", [*OUTPUTS, *WITHOUT_RUN], ids=as_words)


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_project(tmp_path_factory)


@pytest.fixture(scope="session")
def parts(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of one part."""
    folder = tmp_path_factory.mktemp("parts") / "parts.d"
    test = [project / "data" / f"test.{side}.txt" for side in ("query", "value")]
    assert pairlens(project, "score", "run", *test, "--shard", "1/1", "--output", folder).code == 0
    return folder


@pytest.fixture
def folder(project: Path, parts: Path, tmp_path: Path) -> Path:
    """A run, its data, a directory of parts, and a file of queries, of values and of labels."""
    for name in ("run", "data"):
        shutil.copytree(project / name, tmp_path / name)
    shutil.copytree(parts, tmp_path / "parts.d")
    for seed, name in enumerate(TEXTS):
        (tmp_path / name).write_text(lines(random_texts(4, seed)))
    (tmp_path / "l.txt").write_text("0\n1\n1\n0\n")
    return tmp_path


def refused(folder: Path, arguments: list[str], message: str) -> None:
    """Check that the command exits with 2 and one line, and changes no file."""
    before = files_below(folder)
    code, stdout, stderr = pairlens(folder, *arguments, "--quiet")
    assert (code, stdout) == (2, ""), stderr
    assert message in stderr
    assert stderr.count("\n") == 1
    assert files_below(folder) == before


def done(folder: Path, arguments: list[str]) -> Result:
    result = pairlens(folder, *arguments, "--quiet")
    assert result.code == 0, result
    return result


def test_the_table_has_every_option_that_names_an_output() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    options = {
        (name, parameter.opts[0])
        for name, command in commands.items()
        for parameter in command.params
        if getattr(getattr(parameter, "type_descriptor", None), "annotation", None) is Location
    }
    outputs = {(name, option) for name, option in options if option.startswith("-") and option not in READ}
    assert outputs == {(output.command[0], output.option) for output in [*OUTPUTS, *WITHOUT_RUN]} | DIRECTORIES


@every_output
def test_a_file_is_kept_or_replaced_with_its_mode(folder: Path, output: Output) -> None:
    there = folder / output.file
    there.write_text("mine")
    there.chmod(0o640)
    refused(folder, output.arguments(), f"{output.file}: exists already; choose another name")
    done(folder, output.arguments(None, "--force"))
    assert there.read_bytes() != b"mine"
    assert stat.S_IMODE(there.stat().st_mode) == 0o640
    assert not [name for name in files_below(folder) if "partial" in name or "progress" in name]


@every_output
def test_a_link_keeps_pointing_where_it_does(folder: Path, output: Output) -> None:
    (folder / "elsewhere").mkdir()
    there, named = folder / output.file, folder / "elsewhere" / "named"
    there.symlink_to(named)
    named.write_text("mine")
    refused(folder, output.arguments(), "exists already")
    done(folder, output.arguments(None, "--force"))
    assert there.is_symlink()
    assert named.read_bytes() != b"mine"
    assert [path.name for path in named.parent.iterdir()] == ["named"]


@every_output
def test_a_link_to_nothing_names_what_is_made(folder: Path, output: Output) -> None:
    (folder / output.file).symlink_to("named")
    done(folder, output.arguments())
    assert (folder / output.file).is_symlink()
    assert (folder / "named").is_file()


@every_output
def test_what_is_no_file_is_never_replaced(folder: Path, output: Output) -> None:
    there = folder / output.file
    there.mkdir()
    refused(folder, output.arguments(None, "--force"), "is a directory")
    there.rmdir()
    there.symlink_to(output.file)
    refused(folder, output.arguments(None, "--force"), "leads to itself")


@every_output
def test_a_stream_is_written_as_it_stands(folder: Path, output: Output) -> None:
    """A pipe and a link to /dev/null receive the output without --force and are not replaced."""
    there = folder / output.file
    if "--resume" in output.command:
        there.symlink_to("/dev/null")
        refused(folder, output.arguments(), "is a pipe or a device, which --resume cannot continue; give a file")
        return
    done(folder, output.arguments())
    expected = there.read_bytes()
    there.unlink()
    for beside in BESIDE:
        (folder / beside).unlink(missing_ok=True)
    os.mkfifo(there)
    with read_beside(there) as written:
        result = pairlens(folder, *output.arguments(None, "--quiet"))
    assert result.code == 0, result.stderr
    assert written.result() == expected
    assert there.is_fifo()
    there.unlink()
    for beside in BESIDE:
        (folder / beside).unlink(missing_ok=True)
    there.symlink_to("/dev/null")
    done(folder, output.arguments())
    assert there.is_symlink()


@pytest.mark.parametrize(
    "output",
    [o for o in OUTPUTS if o.command[0] in ("score", "evaluate", "report") and "--resume" not in o.command],
    ids=as_words,
)  # attend needs a name with an ending
def test_a_descriptor_is_written_where_it_stands(folder: Path, output: Output) -> None:
    """If it is a file, the output is appended to it."""
    done(folder, output.arguments())
    for name in ("/dev/stderr", "/dev/fd/2", "/proc/self/fd/2"):
        (folder / "log").write_text("before\n")
        with (folder / "log").open("a") as log:
            command = [PAIRLENS, *output.arguments(name, "--quiet")]
            run_to_end(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=log, check=True)
        assert (folder / "log").read_bytes() == b"before\n" + (folder / output.file).read_bytes(), name
    refused(folder, output.arguments("/dev/fd/99"), "/dev/fd/99: is not open")
    refused(folder, output.arguments("/dev/stdin"), "/dev/stdin: is open for reading only")


@pytest.mark.parametrize("output", OUTPUTS, ids=as_words)
@pytest.mark.parametrize(
    ("lay", "read"), [(os.link, "run/weights.npz"), (os.symlink, "q.txt"), (os.symlink, "run/weights.npz")]
)
def test_what_is_read_is_never_replaced(
    folder: Path, output: Output, lay: Callable[[Path, Path], None], read: str
) -> None:
    lay(folder / read, folder / output.file)
    message = "is the same file as" if lay is os.link or read == "q.txt" else "is one of the files of the run"
    refused(folder, output.arguments(None, "--force"), message)


@pytest.mark.parametrize("output", [output for output in OUTPUTS if output.command[0] in ("score", "evaluate")])
def test_a_runs_own_name_is_never_taken(folder: Path, output: Output) -> None:
    """Whether or not such a file exists; other names in a run are allowed."""
    for name in ("run/evaluation.json", "run/curves.png", "run/checkpoint/previous.npz", "run/.lock"):
        refused(folder, output.arguments(folder / name, "--force"), "is one of the files of the run")
    done(folder, output.arguments(f"run/{output.file}"))


@pytest.mark.parametrize(
    ("command", "other"),
    [
        (("evaluate", "run", *LABELLED), "--predictions"),
        (("score", "run", *TEXTS, "--on-bad-line", "nan"), "--bad-lines"),
    ],
    ids=["evaluate", "score"],
)
def test_two_names_of_one_output(folder: Path, command: tuple[str, ...], other: str) -> None:
    two = [*command, "--force", "--output", "out", other]
    (folder / "sub").mkdir()
    for name in ("out", str(folder / "out"), "sub/../out"):
        refused(folder, [*two, name], f"--output and {other} are the same file")
    (folder / "link").symlink_to("out")
    refused(folder, [*two, "link"], f"--output and {other} are the same file")
    (folder / "out").write_text("mine")
    (folder / "second").hardlink_to(folder / "out")
    refused(folder, [*two, "second"], f"--output and {other} are the same file")


def test_the_names_that_resume_needs(folder: Path) -> None:
    command = ["score", "run", *TEXTS, "--resume", "--output", "out", "--force", "--on-bad-line", "nan", "--bad-lines"]
    for name in ("out.partial", "out.progress"):
        refused(folder, [*command, name], "--output and --bad-lines are the same file")
    os.link(folder / "q.txt", folder / "out.partial")
    refused(folder, [*command, "bad"], "out.partial: is the same file as q.txt, which is read")
    (folder / "out.partial").unlink()
    for lay in (os.mkfifo, lambda path: path.symlink_to("q.txt")):
        lay(folder / "out.progress")
        refused(folder, [*command, "bad"], "out.progress: is not a regular file, but is needed for out; remove it")
        (folder / "out.progress").unlink()


def test_what_the_streams_are_is_never_replaced(folder: Path) -> None:
    """`score RUN - --output x --force < x`, and likewise a file that stdout goes to."""
    (folder / "x").write_text("1\t2\n")
    with (folder / "x").open() as stdin:
        command = [PAIRLENS, "score", "run", "-", "--output", "x", "--force"]
        result = run_to_end(command, cwd=folder, stdin=stdin, capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (2, "error: x: is the same file as stdin; choose another name\n")
    assert (folder / "x").read_text() == "1\t2\n"


@pytest.mark.parametrize(
    "output",
    [output for output in OUTPUTS if output.command[0] != "report" and "--resume" not in output.command],
    ids=as_words,
)
def test_a_file_that_is_made_meanwhile_is_kept(folder: Path, output: Output) -> None:
    """The queries come from a pipe, so that the command waits after its checks; --resume reads no pipes."""
    queries = (folder / "q.txt").read_text()
    (folder / "q.txt").unlink()
    os.mkfifo(folder / "q.txt")
    command = [PAIRLENS, *output.arguments(None, "--quiet")]
    with running(command, cwd=folder, env=plain_environment(), stderr=subprocess.PIPE, text=True) as process:
        with open_pipe(folder / "q.txt", process) as pipe:
            (folder / output.file).write_text("theirs")
            pipe.write(queries)
        _, stderr = process.communicate()
    assert process.returncode == 1
    assert stderr == (
        f"error: {output.file}: was created by another process in the meantime and is kept; "
        "choose another name, or replace it with --force\n"
    )
    assert (folder / output.file).read_text() == "theirs"
    assert not [path.name for path in folder.iterdir() if "partial" in path.name]


def test_resumed_and_a_file_made_meanwhile(folder: Path) -> None:
    """The scores are kept, and renamed once the other file is gone; the command's own output is no such file."""
    command = ["score", "run", *TEXTS, "--output", "out", "--resume"]
    done(folder, command)
    whole = (folder / "out").read_text()
    (folder / "out").rename(folder / "out.partial")
    progress = {"whole": True, "identity": {}, "bytes": {}, "state": {"position": [4, 0, 0], "bad": [0, 0, []]}}
    (folder / "out.progress").write_text(json.dumps(progress))
    (folder / "out").write_text("theirs")
    refused(folder, command, "out: exists already")
    (folder / "out").unlink()
    done(folder, command)
    assert (folder / "out").read_text() == whole


# ---- names with meaning ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("output", [o for o in OUTPUTS if Path(o.name).suffix in PLAIN], ids=as_words)
def test_what_is_named_gz_is_gzip(folder: Path, output: Output) -> None:
    """It contains no time, so that equal results are equal bytes, and decompresses to the uncompressed output."""
    for name in ("plain", "one.gz"):
        done(folder, output.arguments(name))
    run_to_end([PAIRLENS, *output.arguments("other.gz")], cwd=folder, check=True)  # not forked: sets have another order
    compressed = (folder / "one.gz").read_bytes()
    assert gzip.decompress(compressed) == (folder / "plain").read_bytes()
    assert compressed[4:8] == bytes(4)  # RFC 1952: the time, 0 for none
    assert compressed == (folder / "other.gz").read_bytes()


def test_a_resumed_output_is_compressed_as_any_other(folder: Path) -> None:
    for name, more in (("one.gz", []), ("other.gz", ["--resume"])):
        done(folder, ["score", "run", *TEXTS, "--output", name, *more])
    assert (folder / "one.gz").read_bytes() == (folder / "other.gz").read_bytes()
    assert not [path.name for path in folder.iterdir() if "partial" in path.name or "progress" in path.name]


@pytest.mark.parametrize(
    "arguments",
    [
        ["report", "run", *LABELLED, "--output", "o.html.gz"],
        ["attend", "run", *TEXTS, "--output", "o.html.gz"],
        ["attend", "run", *TEXTS, "--summary", "--output", "o.html.gz"],
        ["attend", "run", *TEXTS, "--output", "o.npz.gz"],
        ["attend", "run", *TEXTS, "--output", "o.svg.gz"],
    ],
    ids=" ".join,
)
def test_what_has_no_compressed_form(folder: Path, arguments: list[str]) -> None:
    refused(folder, arguments, "o.")


# ---- train -----------------------------------------------------------------------------------------------------------


def test_where_a_run_is_never_made(project: Path, tmp_path: Path) -> None:
    """What a run may replace, and how, is in tests/runs/test_staging.py and tests/jobs/test_train_job.py."""
    (tmp_path / "file").write_text("mine")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train.query.txt").write_text("1\n")
    (tmp_path / "run.new").mkdir()
    (tmp_path / "run.new" / "thesis.txt").write_text("mine")
    shutil.copytree(project / "run", tmp_path / "run")
    before = files_below(tmp_path)
    for name, force, message in (
        ("file", True, "is a file, but a run is a directory"),
        ("link", True, "is a file, but a run is a directory"),
        ("pipe", True, "is a file, but a run is a directory"),
        ("data", True, "contains files that are not a run's"),
        ("run", False, "contains a run;"),
        ("run", True, "run.new: exists, but is needed for the new run"),
    ):
        more = ["--force"] if force else []
        result = pairlens(project, "train", "config.yaml", "--output", tmp_path / name, *more)
        assert (result.code, result.stdout) == (2, "")
        assert message in result.stderr
    assert {name: content for name, content in files_below(tmp_path).items() if name != "pipe"} == before
