"""pairlens mine in real processes: what it writes and says, that mined pairs can be scored, and faults."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
from pathlib import Path

from command_line import PAIRLENS, files_below, lines, plain_environment, random_texts
from forked import pairlens
from running import interrupt, open_pipe, running

from pairlens.texts.nearest import CANDIDATES

TEXTS = "the dog barks\na dog barks\nit rains\nit rained\n"


def test_what_it_writes_and_says(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(TEXTS)
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress(b"it rains\nthe sun\n"))
    result = pairlens(tmp_path, "mine", "a.txt", "b.txt.gz", "--output", "m", "--near", "1", "--random", "1")
    assert (result.code, result.stdout) == (0, "")
    first, second = result.stderr.splitlines()
    assert first.startswith("5 distinct texts: 3 near pairs, ")
    assert second == "Wrote m.query.txt and m.value.txt"
    query, value = ((tmp_path / f"m.{side}.txt").read_text().splitlines() for side in ("query", "value"))
    assert len(query) == len(value)
    assert {*query, *value} == {*TEXTS.splitlines(), "the sun"}
    quiet = pairlens(tmp_path, "mine", "a.txt", "--output", "again", "--quiet")
    assert quiet == (0, "", "")


def test_faults_leave_nothing(tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("a\n")
    (tmp_path / "far.txt").write_text("a\nb\n")
    (tmp_path / "old.group.txt.gz").touch()
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9\nb\n")
    before = files_below(tmp_path)
    for arguments, message in {
        ("one.txt",): "one.txt: 1 distinct text; a pair needs two",
        ("latin.txt",): "latin.txt:1:4: '\\xe9\\nb\\n' is not UTF-8; convert the file, for example with iconv",
        ("none.txt",): "none.txt: No such file or directory",
        ("one.txt", "--near", "0", "--random", "0"): "--near 0 and --random 0 leave no pairs; ",
        ("far.txt", "--random", "0"): "far.txt: no text is near another; add --random N",
        ("far.txt", "--near", str(CANDIDATES)): "Invalid value for '--near': Input should be less than or equal to 999",
        ("far.txt", "--output", "old", "--force"): "old.group.txt.gz: of other pairs than those to be mined; remove",
        ("train.tsv.gz",): "train.tsv.gz: is a table; write its texts to a file with one in each line",
        ("one.txt", "--output", "no/m"): "no/m.query.txt: there is no directory no; make it first",
    }.items():
        result = pairlens(tmp_path, "mine", "--output", "m", *arguments)
        assert (result.code, result.stdout) == (2, "")
        assert result.stderr.startswith(f"error: {message}"), result.stderr
    assert files_below(tmp_path) == before


def test_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    """While it searches: the texts are those of a pipe, and enough for some seconds."""
    (tmp_path / "m.query.txt").write_text("mine")
    os.mkfifo(tmp_path / "pipe")
    command = [PAIRLENS, "mine", "pipe", "--output", "m", "--force"]
    with running(command, cwd=tmp_path, env=plain_environment(), stderr=subprocess.PIPE, text=True) as process:
        with open_pipe(tmp_path / "pipe", process) as written:
            written.write(lines(random_texts(60_000, 1, 12)))
        interrupt(process, signal.SIGINT)
        _, stderr = process.communicate()
    assert (process.returncode, stderr) == (130, "")
    assert files_below(tmp_path) == {"m.query.txt": b"mine"}
