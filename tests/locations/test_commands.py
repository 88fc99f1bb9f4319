"""Commands whose files are in a bucket or on a web server: they print and write what they do with files here."""

from __future__ import annotations

import gzip
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from buckets import Bucket
from command_line import PAIRLENS, Result, make_project, pairlens, plain_environment
from running import running, wait_for
from web_server import Web

TABLE = "query,value,label\nword1 word2,word2 word3,1\nword4,word5 word6,0\nword7,word7,1\n"


def upload(folder: Path, bucket: Bucket, prefix: str) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            bucket.put(f"{prefix}/{path.relative_to(folder)}", path.read_bytes())


def download(bucket: Bucket, prefix: str, folder: Path) -> Path:
    for name in bucket.names():
        if name.startswith(f"{prefix}/"):
            path = folder / name.removeprefix(f"{prefix}/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(bucket.get(name))
    return folder


def succeeds(folder: Path, *arguments: str | Path) -> Result:
    """A command that ends well, says nothing of errors, and leaves no temporary file."""
    (folder / "tmp").mkdir(exist_ok=True)
    result = pairlens(folder, *arguments, TMPDIR=str(folder / "tmp"))
    assert result.code == 0, result.stderr
    assert not any(word in result.stderr for word in ("Traceback", "nclosed", "warning", "secret"))
    assert not any((folder / "tmp").iterdir())
    return result


@pytest.fixture
def project(tmp_path: Path, bucket: Bucket) -> Path:
    """A project whose config and data are in the bucket, too; requests fail now and then."""
    make_project(tmp_path)
    upload(tmp_path, bucket, "p")
    bucket.misbehave(0.05, seed=3)
    return tmp_path


def test_a_project_in_a_bucket(project: Path, bucket: Bucket) -> None:
    """Trained, scored, measured and shown there; all of it equals what is made of the same run and files here."""
    trained = succeeds(project, "train", "s3://data/p/config.yaml", "--set", "training.epochs=1", "-o", "s3://data/run")
    assert "Wrote s3://data/run  dev accuracy" in trained.stderr
    run = download(bucket, "run", project / "run")
    assert "train: s3://data/p/data/train" in (run / "config.yaml").read_text()

    def both(command: str, *arguments: str) -> tuple[Result, Result]:
        here = succeeds(project, command, "run", *arguments)
        inside = [argument.replace("data/", "s3://data/p/data/") for argument in arguments]
        return here, succeeds(project, command, "s3://data/run", *inside)

    both("score", "data/test.query.txt", "data/test.value.txt", "--output", "data/scores.txt.gz")
    assert bucket.get("p/data/scores.txt.gz") == (project / "data/scores.txt.gz").read_bytes()
    assert gzip.decompress(bucket.get("p/data/scores.txt.gz")).count(b"\n") == 80
    both("rank", "data/test.query.txt", "data/test.value.txt", "--output", "data/ranks.txt")
    assert bucket.get("p/data/ranks.txt") == (project / "data/ranks.txt").read_bytes()
    here, there = both("evaluate")
    assert there.stdout == here.stdout.replace('"run": "run"', '"run": "s3://data/run"')
    both("attend", "data/test.query.txt", "data/test.value.txt", "--output", "data/maps.npz")
    assert bucket.get("p/data/maps.npz") == (project / "data/maps.npz").read_bytes()
    assert bucket.unfinished() == 0
    assert bucket.faults.total() > 3


def test_tables_are_encoded_from_and_to_a_bucket(tmp_path: Path, bucket: Bucket) -> None:
    for name in ("train", "dev"):
        (tmp_path / f"{name}.csv").write_text(TABLE)
        bucket.put(f"t/{name}.csv", TABLE.encode())
    succeeds(tmp_path, "encode", "train.csv", "dev.csv", "--output", "encoded")
    bucket.misbehave(0.05)
    encode = ["encode", "s3://data/t/train.csv", "dev=s3://data/t/dev.csv", "--output", "s3://data/encoded"]
    assert "Wrote s3://data/encoded" in succeeds(tmp_path, *encode).stderr
    bucket.calm()
    assert sorted(path.name for path in (tmp_path / "encoded").iterdir()) == sorted(
        name.removeprefix("encoded/") for name in bucket.names() if name.startswith("encoded/")
    )
    for path in (tmp_path / "encoded").iterdir():
        assert bucket.get(f"encoded/{path.name}") == path.read_bytes()
    again = pairlens(tmp_path, *encode)
    assert (again.code, again.stderr) == (
        2,
        "error: s3://data/encoded/train.query.txt: exists already; choose another name, or replace it with --force\n",
    )


def test_a_table_on_a_web_server(tmp_path: Path, web: Web, bucket: Bucket) -> None:
    """Its signature is used, and neither printed nor recorded."""
    web.files, web.query = {"/train.csv": TABLE.encode()}, "signature=secret"
    result = succeeds(tmp_path, "encode", f"{web.url}/train.csv?signature=secret", "--output", "encoded", "--verbose")
    assert "secret" not in result.stdout + result.stderr
    assert (tmp_path / "encoded" / "train.label.txt").read_text() == "1\n0\n1\n"


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["check", "s3://data/none.yaml"], "s3://data/none.yaml: cannot be read: No such file or directory"),
        (["score", "s3://data/none", "q", "v"], "s3://data/none/config.yaml: missing; s3://data/none is not a run"),
        (["score", "s3:/data/run", "q", "v"], "s3:/data/run: one / is missing: s3://data/run"),
        (
            ["train", "config.yaml", "--output", "s3://data/run", "--resume"],
            "s3://data/run: --resume continues a run of this",
        ),
        (["encode", "https://u:secret@host/t.csv", "-o", "d"], "https://…@host: leave out user and password"),
    ],
)
def test_failures_are_one_line_and_exit_code_2(
    tmp_path: Path, bucket: Bucket, command: Sequence[str], message: str
) -> None:
    make_project(tmp_path)
    result = pairlens(tmp_path, *command)
    assert result.code == 2
    assert result.stderr.startswith(f"error: {message}")
    assert result.stderr.count("\n") == 1


def test_an_interrupted_training_says_where_it_is_kept(project: Path, bucket: Bucket) -> None:
    """It is continued there with the command that is printed."""
    bucket.calm()
    arguments = ["train", "s3://data/p/config.yaml", "--set", "training.epochs=500", "--output=s3://data/run"]
    (project / "tmp").mkdir()
    environment = plain_environment() | {"TMPDIR": str(project / "tmp")}
    command = [PAIRLENS, *arguments]
    with running(command, cwd=project, env=environment, stderr=subprocess.PIPE, text=True) as process:
        wait_for(lambda: [*(project / "tmp").rglob("metrics.jsonl")], process)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate()
    assert process.returncode == 130
    (kept,) = (path.parent for path in (project / "tmp").rglob("config.yaml"))
    assert f"s3://data/run: not uploaded; the run is kept in {kept}. Continue with: pairlens train" in said
    assert f"--output={kept} --resume; then copy its files, config.yaml last" in said
    assert not [name for name in bucket.names() if name.startswith("run")]
