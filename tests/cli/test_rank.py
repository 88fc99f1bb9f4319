"""pairlens rank in real processes: texts, streams, metrics, wrong usage, and interruption."""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
from pathlib import Path

import pytest
from command_line import PAIRLENS, files_below, lines, plain_environment, random_texts, trained_project
from forked import pairlens
from running import run_to_end, running, wait_for


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_project(tmp_path_factory)


@pytest.fixture
def folder(tmp_path: Path, project: Path) -> Path:
    """`q.txt` and `c.txt`, and `run`, a link to a run."""
    for seed, name in enumerate(("q.txt", "c.txt")):
        (tmp_path / name).write_text(lines(random_texts(20, seed)))
    (tmp_path / "run").symlink_to(project / "run")
    return tmp_path


def test_what_it_writes(folder: Path) -> None:
    """To stdout, to a file that is compressed by name, from compressed files, with any number of threads; in shards."""
    code, stdout, stderr = pairlens(folder, "rank", "run", "q.txt", "c.txt", "--top", "3")
    assert (code, stderr) == (0, "")
    assert [line.split("\t")[:2] for line in stdout.splitlines()] == [
        [str(q), str(i)] for q in range(1, 21) for i in (1, 2, 3)
    ]
    (folder / "c.txt.gz").write_bytes(gzip.compress((folder / "c.txt").read_bytes()))
    compressed = ["rank", "run", "q.txt", "c.txt.gz", "--top", "3", "--threads", "2", "--output", "out.txt.gz"]
    assert pairlens(folder, *compressed) == (0, "", "")
    assert gzip.decompress((folder / "out.txt.gz").read_bytes()).decode() == stdout
    for shard in ("1/2", "2/2"):
        parts = ["rank", "run", "q.txt", "c.txt", "--top", "3", "--shard", shard, "--output", "d"]
        assert pairlens(folder, *parts) == (0, "", "")
    assert pairlens(folder, "merge", "d") == (0, stdout, "")
    assert pairlens(folder, "merge", "d", "--status").stdout == "2 of 2 parts, 60 places\n"


def test_one_side_may_be_stdin(folder: Path) -> None:
    given = {name: (folder / name).read_text() for name in ("q.txt", "c.txt")}
    whole = pairlens(folder, "rank", "run", "q.txt", "c.txt")
    assert pairlens(folder, "rank", "run", "-", "c.txt", stdin=given["q.txt"]) == whole
    assert pairlens(folder, "rank", "run", "q.txt", "-", stdin=given["c.txt"]) == whole
    command = ["sh", "-c", f"cat q.txt | {PAIRLENS} rank run - c.txt"]
    piped = run_to_end(command, cwd=folder, env=plain_environment(), stdout=subprocess.PIPE, text=True)
    assert piped.stdout == whole.stdout


def test_words_are_shown(folder: Path) -> None:
    result = pairlens(
        folder, "rank", "run", "q.txt", "q.txt", "--exclude-same", "--symmetric", "--format", "tsv", "--words"
    )
    assert (result.code, result.stderr) == (0, "")
    for line in result.stdout.splitlines():
        query, _, candidate, _, query_text, candidate_text = line.split("\t")
        assert query != candidate
        for number, text in ((query, query_text), (candidate, candidate_text)):
            ids = (folder / "q.txt").read_text().splitlines()[int(number) - 1].split()
            assert text == " ".join(f"word{i}" for i in ids)


def test_metrics_go_to_stdout_and_the_ranking_to_a_file(folder: Path) -> None:
    (folder / "l.tsv").write_text("1\t5\n1\t6\n20\t1\t2\n")
    command = ["rank", "run", "q.txt", "c.txt", "--labels", "l.tsv"]
    result = pairlens(folder, *command, "--output", "out.txt")
    measured = json.loads(result.stdout)
    assert [*measured] == ["run", "queries", "candidates", "labels", "groups", "metrics", "intervals"]
    assert measured["groups"] == {"counted": 2, "without_positive": 18}
    assert "2 queries (18 more, without a relevant candidate, left out)" in result.stderr
    assert (folder / "out.txt").read_text() == pairlens(folder, "rank", "run", "q.txt", "c.txt").stdout
    assert pairlens(folder, *command, "--quiet") == (0, result.stdout, "")
    (folder / "l.tsv").write_text("1\t5\n1\t6\t0\n")
    assert ": 1 query (19 more, without a relevant candidate, left out)" in pairlens(folder, *command).stderr


def test_faults_leave_nothing(folder: Path) -> None:
    (folder / "bad.txt").write_text("1\n99\n")
    (folder / "l.tsv").write_text("1\t5\n21\t5\n")
    before = files_below(folder)
    for arguments, message in {
        ("q.txt", "bad.txt"): "bad.txt:2:1: ",
        ("bad.txt", "q.txt"): "bad.txt:2:1: ",
        ("none.txt", "q.txt"): "none.txt: No such file or directory",
        ("/dev/null", "/dev/null"): "/dev/null: not a regular file; it is read as queries and as candidates; write it",
        ("q.txt", "c.txt", "--words"): "--words is for lines that show the texts; add --format tsv or --format jsonl",
        ("q.txt", "c.txt", "--vocab", "q.txt"): "--vocab is the vocabulary of --words; add --words",
        ("q.txt", "c.txt", "--text", "--words"): "--words shows words instead of ids, but ",
        ("q.txt", "c.txt", "--text"): "run/tokenizer.json: missing, so the run takes only ids",
        ("q.txt", "c.txt", "--labels", "l.tsv"): "l.tsv:2:1: query 21, but there are 20; lines are numbered from 1",
        ("q.txt", "c.txt", "--labels", "l.tsv", "--shard", "1/2"): "--labels has no effect with --shard",
        ("q.txt", "c.txt", "--shard", "3/2"): "--shard 3/2: must be I/N",
        ("-", "-"): "- is QUERIES or CANDIDATES, as stdin is read once; give a file for the other",
        ("q.txt", "-", "--shard", "1/2"): "--shard divides the work of several processes; give files, not -",
        ("q.txt", "c.txt", "--top", "0"): "Invalid value for '--top'",
    }.items():
        result = pairlens(folder, "rank", "run", *arguments, "--output", "out.txt")
        assert (result.code, result.stdout, result.stderr.count("\n")) == (2, "", 1), result.stderr
        assert result.stderr.startswith(f"error: {message}"), result.stderr
    assert pairlens(folder, "rank", "run", "q.txt", "c.txt", "--force").code == 2
    for option in (["--format", "tsv"], ["--logits"]):
        result = pairlens(folder, "rank", "run", "q.txt", "c.txt", "--labels", "l.tsv", *option)
        message = f"error: {option[0]} is for the ranking, which --labels writes only to --output; add --output FILE\n"
        assert result == (2, "", message)
    assert files_below(folder) == before


def test_ctrl_c_leaves_nothing(folder: Path) -> None:
    """While it ranks; there is enough to do for a minute."""
    (folder / "many.txt").write_text(lines(random_texts(200, 3)) * 200)
    before = files_below(folder)
    command = [PAIRLENS, "rank", "run", "many.txt", "many.txt", "--output", "out.txt"]
    with running(command, cwd=folder, env=plain_environment(), stderr=subprocess.PIPE, text=True) as process:
        wait_for(lambda: [path for path in folder.iterdir() if "partial" in path.name], process)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate()
    assert (process.returncode, stderr) == (130, "")
    assert files_below(folder) == before
