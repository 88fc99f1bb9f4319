"""Bad input to `score`: every kind of fault has a defined outcome, and no output is half-written."""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest
from command_line import (
    PAIRLENS,
    VOCABULARY,
    Result,
    files_below,
    lines,
    plain_environment,
    random_texts,
    trained_project,
)
from forked import pairlens
from made_runs import make_run
from running import open_pipe, running, wait_for

IDS = "ids go from 0 to 28; model.embedding.input_dim is 29"
NOT_AN_ID = "a text is base-10 ids separated by blanks; for words use --text or encode"


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_project(tmp_path_factory)


def write(folder: Path, query: bytes, value: bytes) -> list[str | Path]:
    (folder / "q.txt").write_bytes(query)
    (folder / "v.txt").write_bytes(value)
    return ["q.txt", "v.txt"]


def refused(project: Path, folder: Path, *arguments: str | Path) -> str:
    """Return the one line on stderr of a refused `score --output`, which must leave the folder unchanged."""
    before = files_below(folder)
    result = pairlens(folder, "score", project / "run", *arguments, "--output", "out.txt")
    assert (result.code, result.stdout) == (2, "")
    assert files_below(folder) == before
    assert result.stderr.count("\n") == 1
    return result.stderr.removeprefix("error: ").strip()


def scored(project: Path, folder: Path, *arguments: str | Path, warns: bool = False) -> list[str]:
    result = pairlens(folder, "score", project / "run", *arguments)
    assert result.code == 0, result
    assert (result.stderr != "") == warns
    return result.stdout.splitlines()


# ---- one fault -------------------------------------------------------------------------------------------------------


BAD_LINES = {
    b"1_0": f"1: not an integer: '1_0'; {NOT_AN_ID}",
    b"+5": f"1: not an integer: '+5'; {NOT_AN_ID}",
    "٣".encode(): f"1: not an integer: '٣'; {NOT_AN_ID}",
    b"1e1": f"1: not an integer: '1e1'; {NOT_AN_ID}",
    b"2147483648": f"1: too large: '2147483648'; {IDS}",
    b"4 \x00\x00": rf"3: not an integer: '\x00\x00'; {NOT_AN_ID}",
    b"4 -1": f"3: negative: '-1'; {IDS}",
    b"": "1: an empty text; give it at least one id or set data.empty: score",
    "\ufeff5".encode(): rf"1: not an integer: '\ufeff5'; {NOT_AN_ID}",  # a byte order mark in the middle
    b"\x1b[2J": rf"1: not an integer: '\x1b[2J'; {NOT_AN_ID}",
    b"5" * 70_000: f"1: a token of more than 65536 bytes: '{'5' * 40}…'; {NOT_AN_ID}",
}


def test_bad_lines(project: Path, tmp_path: Path) -> None:
    """By default the first bad line is an error; with `nan`, good lines score as usual and each bad one is listed."""
    good = b"5\n6 7\n"
    value = b"5\n" + b"\n".join(BAD_LINES) + b"\n6 7\n"
    files = write(tmp_path, b"1 2\n" * (len(BAD_LINES) + 2), value)
    faults = [f"v.txt:{number}:{fault}" for number, fault in enumerate(BAD_LINES.values(), start=2)]
    assert refused(project, tmp_path, *files) == faults[0]
    result = pairlens(tmp_path, "score", project / "run", *files, "--on-bad-line", "nan")
    assert result.code == 0
    expected = [
        "11 of 13 pairs have a bad line and score nan",
        *faults[:10],
        "and 1 more faults; --bad-lines FILE lists all",
    ]
    assert result.stderr.splitlines() == [f"warning: {line}" for line in expected]
    first, *bad, last = result.stdout.splitlines()
    assert bad == ["nan"] * 11
    assert [first, last] == scored(project, tmp_path, *write(tmp_path, b"1 2\n" * 2, good))


def test_what_is_no_fault(project: Path, tmp_path: Path) -> None:
    """A byte order mark, CRLF, blanks, leading zeros, and a last line without a newline."""
    plain = scored(project, tmp_path, *write(tmp_path, b"1 2\n3\n", b"4\n5 6\n"))
    odd = write(tmp_path, b"\xef\xbb\xbf1 2\r\n3\r\n", b" 4\t\n0005   6")
    assert scored(project, tmp_path, *odd) == plain


def test_both_texts_of_a_pair(project: Path, tmp_path: Path) -> None:
    files = write(tmp_path, b"1\nx\n3\n4 99\n", b"1\ny\n3\n4\n")
    options = ["--on-bad-line", "nan", "--bad-lines", "bad.jsonl"]
    rows = [json.loads(row) for row in scored(project, tmp_path, *files, *options, "--format", "jsonl", warns=True)]
    assert [row["score"] is None for row in rows] == [False, True, False, True]
    assert [row["pair"] for row in rows] == [0, 1, 2, 3]
    x, y = (f"not an integer: '{c}'; {NOT_AN_ID}" for c in "xy")
    assert rows[1] == {
        "pair": 1,
        "score": None,
        "query": None,
        "value": None,
        "error": f"q.txt:2:1: {x}; v.txt:2:1: {y}",
    }
    assert [json.loads(line) for line in (tmp_path / "bad.jsonl").read_text().splitlines()] == [
        {"pair": 1, "file": "q.txt", "line": 2, "column": 1, "message": x},
        {"pair": 1, "file": "v.txt", "line": 2, "column": 1, "message": y},
        {"pair": 3, "file": "q.txt", "line": 4, "column": 3, "message": f"too large: '99'; {IDS}"},
    ]
    tsv = scored(project, tmp_path, *files, "--on-bad-line", "nan", "--format", "tsv", warns=True)
    assert [row.count("\t") for row in tsv] == [2, 2, 2, 2]
    assert tsv[1] == "\t\tnan"


def test_bad_lines_on_stdin(project: Path, tmp_path: Path) -> None:
    """A missing tab and a second tab are bad lines, too."""
    result = pairlens(
        tmp_path, "score", project / "run", "-", "--on-bad-line", "nan", stdin="1\t2\n3 4\nx\ty\n5\t6\t7\n1\t2\n"
    )
    assert result.code == 0
    first, *bad, last = result.stdout.splitlines()
    assert first == last
    assert bad == ["nan"] * 3
    assert [line.split(":")[2] for line in result.stderr.splitlines()[1:]] == ["2", "3", "3", "4"]


def test_the_first_ten_places_of_many(project: Path, tmp_path: Path) -> None:
    """All lines are bad, in more than one chunk: ten are printed, and --bad-lines lists all."""
    files = write(tmp_path, b"1\n" * 70_000, b"x\n" * 70_000)
    options = ["--on-bad-line", "nan", "--bad-lines", "bad.jsonl", "--output", "out.txt"]
    result = pairlens(tmp_path, "score", project / "run", *files, *options)
    assert (result.code, result.stdout) == (0, "")
    assert (tmp_path / "out.txt").read_text() == "nan\n" * 70_000
    warnings = result.stderr.splitlines()
    assert warnings[0] == "warning: 70,000 of 70,000 pairs have a bad line and score nan"
    assert [line.split(": ")[1] for line in warnings[1:11]] == [f"v.txt:{n}:1" for n in range(1, 11)]
    assert warnings[11:] == ["warning: and 69,990 more faults; --bad-lines FILE lists all"]
    listed = [json.loads(line)["pair"] for line in (tmp_path / "bad.jsonl").read_text().splitlines()]
    assert listed == list(range(70_000))


def test_unequal_line_counts_are_never_passed_over(project: Path, tmp_path: Path) -> None:
    """It is unknown which lines form a pair."""
    files = write(tmp_path, b"1\n2\n3\n", b"1\n2\n")
    message = "q.txt: 3 lines, but v.txt: 2 lines; line N of each belongs to pair N"
    assert refused(project, tmp_path, *files, "--on-bad-line", "nan", "--bad-lines", "bad.jsonl") == message


def test_files_that_cannot_be_read(project: Path, tmp_path: Path) -> None:
    write(tmp_path, b"1\n", b"1\n")
    (tmp_path / "cut.txt.gz").write_bytes(gzip.compress(b"1\n" * 1000)[:-9])
    for name, message in {
        "none.txt": "none.txt: No such file or directory",
        ".": ".: 3 files, but q.txt is one file; give the parts of both, or two files",
        "cut.txt.gz": "cut.txt.gz: truncated or damaged (Compressed file ended before the end-of-stream marker was "
        "reached); replace it with an intact copy",
    }.items():
        assert refused(project, tmp_path, "q.txt", name, "--on-bad-line", "nan") == message


def test_a_pipe_is_read_to_its_end(project: Path, tmp_path: Path) -> None:
    """For example `pairlens score RUN q.txt <(zcat v.txt.Z)`."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "q.txt").write_text("1\n2\n")
    command = [PAIRLENS, "score", str(project / "run"), "q.txt", "pipe"]
    with running(command, cwd=tmp_path, env=plain_environment(), stdout=subprocess.PIPE) as process:
        with open_pipe(tmp_path / "pipe", process) as pipe:
            pipe.write("1\n2\n")
        assert process.stdout.read().count(b"\n") == 2
    assert process.returncode == 0
    assert "pipe: is not a regular file" in refused(project, tmp_path, "q.txt", "pipe", "--resume")


def test_a_file_that_grows_is_not_scored(project: Path, tmp_path: Path) -> None:
    """Another process appends while the file is read (slowly, as the queries come from a pipe), perhaps half a line."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "v.txt").write_text("1\n" * 500_000)
    command = [PAIRLENS, "score", str(project / "run"), "pipe", "v.txt", "--output", "out.txt"]
    with running(command, cwd=tmp_path, env=plain_environment(), stderr=subprocess.PIPE, text=True) as process:
        with open_pipe(tmp_path / "pipe", process) as pipe:
            pipe.write("1\n" * 300_000)
            with (tmp_path / "v.txt").open("a") as file:
                file.write("12")
            pipe.write("1\n" * 200_001)
        stderr = process.stderr.read()
    assert (process.returncode, stderr) == (
        2,
        "error: v.txt: changed while it was read; try again when nothing writes to it\n",
    )
    assert {path.name for path in tmp_path.iterdir()} == {"pipe", "v.txt"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--bad-lines", "b"], "--bad-lines lists the pairs that score nan; add --on-bad-line nan"),
        (["--resume"], "--resume continues a file, not stdout; add --output FILE"),
        (
            ["--on-bad-line", "nan", "--bad-lines", "o", "-o", "o"],
            "--output and --bad-lines are the same file; choose two names",
        ),
    ],
)
def test_contradicting_options(project: Path, tmp_path: Path, options: list[str], message: str) -> None:
    files = write(tmp_path, b"1\n", b"1\n")
    assert pairlens(tmp_path, "score", project / "run", *files, *options) == (2, "", f"error: {message}\n")


def test_stdin_cannot_be_resumed(project: Path, tmp_path: Path) -> None:
    message = "--resume cannot read stdin again; give files instead"
    assert refused(project, tmp_path, "-", "--resume") == message


# ---- resume ----------------------------------------------------------------------------------------------------------

PAIRS = 201_000  # three chunks of 65,536 pairs, and 4,392 more


@pytest.fixture(scope="session")
def job(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with many pairs, compressed queries, bad lines in every chunk, and their scores without interruption."""
    folder = tmp_path_factory.mktemp("job")
    texts = random_texts(3000, 5, longest=3)
    query = (lines(texts) * (PAIRS // 3000)).encode()
    (folder / "q.txt.gz").write_bytes(gzip.compress(query, compresslevel=1))
    (folder / "v.txt").write_bytes((lines(texts[::-1]) * (PAIRS // 3000)).encode().replace(b"\n7 ", b"\nx "))
    result = start(project, folder, "whole.tsv", resume=False)
    assert result.code == 0, result
    (folder / "stderr").write_text(result.stderr)
    return folder


def arguments(project: Path, output: str, resume: bool) -> list[str]:
    options = ["--output", output, "--on-bad-line", "nan", "--bad-lines", f"{output}.bad"]
    return ["score", str(project / "run"), "q.txt.gz", "v.txt", *options, *(["--resume"] if resume else [])]


def start(project: Path, folder: Path, output: str, resume: bool = True) -> Result:
    return pairlens(folder, *arguments(project, output, resume))


def end_after_chunks(project: Path, folder: Path, output: str, chunks: int, number: int) -> tuple[int, str]:
    """Start or continue, and send the signal `number` as soon as `chunks` chunks are done."""
    progress = folder / f"{output}.progress"

    def done() -> bool:
        return progress.exists() and json.loads(progress.read_text())["state"].get("position", [0])[0] >= chunks * 65536

    command = [PAIRLENS, *arguments(project, output, True)]
    with running(command, cwd=folder, env=plain_environment(), stderr=subprocess.PIPE, text=True) as process:
        wait_for(done, process)
        process.send_signal(number)
        stderr = process.stderr.read()
    return process.returncode, stderr


def names(folder: Path, output: str) -> set[str]:
    return {path.name.removeprefix(output) for path in folder.glob(f"{output}*")}


def test_resume_after_kills_gives_the_same_bytes(project: Path, job: Path) -> None:
    code, _ = end_after_chunks(project, job, "a.tsv", 1, signal.SIGKILL)
    assert code == -signal.SIGKILL
    assert names(job, "a.tsv") == {".partial", ".progress", ".bad.partial"}
    # Anything after the last whole chunk is ignored: half a line, or zeros after a power cut.
    with (job / "a.tsv.partial").open("ab") as file:
        file.write(b"1 2 \x00\x00")
    code, stderr = end_after_chunks(project, job, "a.tsv", 2, signal.SIGKILL)
    assert code == -signal.SIGKILL
    assert stderr.startswith("Continuing from pair ")
    result = start(project, job, "a.tsv")
    assert result.code == 0
    assert result.stderr.startswith("Continuing from pair ")
    assert result.stderr.split("\n", 1)[1] == (job / "stderr").read_text()  # also bad lines found before the kills
    for suffix in ("", ".bad"):
        assert (job / f"a.tsv{suffix}").read_bytes() == (job / f"whole.tsv{suffix}").read_bytes()
    assert names(job, "a.tsv") == {"", ".bad"}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_resume_after_an_interruption(project: Path, job: Path, number: int, code: int) -> None:
    output = f"c{code}.tsv"
    assert end_after_chunks(project, job, output, 1, number) == (
        code,
        "warning: what was scored so far is kept; run the same command again to continue\n",
    )
    assert names(job, output) == {".partial", ".progress", ".bad.partial"}


def test_a_death_between_the_renames(project: Path, tmp_path: Path) -> None:
    """Everything is written, but only one of the two files is renamed: --resume only renames the other."""
    files = write(tmp_path, b"1\n", b"1\n")
    progress = {"whole": True, "identity": {}, "bytes": {}, "state": {"position": [1, 0, 0], "bad": [0, 0, []]}}
    (tmp_path / "out.txt.partial").write_text("0.5\n")
    (tmp_path / "bad.jsonl").write_text("")
    (tmp_path / "out.txt.progress").write_text(json.dumps(progress))
    options = ["--output", "out.txt", "--on-bad-line", "nan", "--bad-lines", "bad.jsonl", "--resume"]
    assert pairlens(tmp_path, "score", project / "run", *files, *options).code == 0
    assert files_below(tmp_path) == {"q.txt": b"1\n", "v.txt": b"1\n", "out.txt": b"0.5\n", "bad.jsonl": b""}


def test_another_job_is_refused_with_every_difference(project: Path, tmp_path: Path) -> None:
    write(tmp_path, b"1\n", b"1\n")
    progress = {
        "whole": False,
        "identity": {"the run": "abc", "the queries": "1 bytes from then", "--format": "text", "--symmetric": True},
        "bytes": {"output": 3},
        "state": {"position": [1, 2, 2], "bad": [0, 0, []]},
    }
    (tmp_path / "out.txt.progress").write_text(json.dumps(progress))
    (tmp_path / "out.txt.partial").write_text("0.5\n")
    message = refused(project, tmp_path, "q.txt", "v.txt", "--resume")
    assert message.startswith("out.txt.progress: is of another job; the run: abc then, ")
    assert "; the queries: 1 bytes from then then, 2 bytes from 20" in message
    assert "; --symmetric: True then, False now. To start again, remove out.txt.progress and out.txt.partial" in message
    assert "--format" not in message


@pytest.mark.parametrize("name", ["q.txt.gz", "v.txt"])
def test_an_input_of_the_same_size_and_time_with_other_contents(project: Path, job: Path, name: str) -> None:
    """The part that was scored is compared by content, not by size and time; the rest was not read yet."""
    output = f"other-{name}.tsv"
    end_after_chunks(project, job, output, 1, signal.SIGKILL)
    path, before = job / name, (job / name).read_bytes()
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    at = 20 if name.endswith(".gz") else before.index(b"\n") - 1
    path.write_bytes(before[:at] + bytes([before[at] ^ 1]) + before[at + 1 :])  # another token, such as "4" for "5"
    os.utime(path, ns=times)
    scored = (job / f"{output}.partial").read_bytes()
    result = start(project, job, output)
    path.write_bytes(before)
    os.utime(path, ns=times)
    assert result.code == 2
    assert result.stderr == (
        f"error: {name}: has changed since it was scored; put it back. "
        f"To start again, remove {output}.progress and {output}.partial and {output}.bad.partial\n"
    )
    assert (job / f"{output}.partial").read_bytes() == scored
    assert start(project, job, output).code == 0
    assert (job / output).read_bytes() == (job / "whole.tsv").read_bytes()


@pytest.mark.parametrize(
    ("progress", "message"),
    [
        (None, "out.txt.partial: exists, but out.txt.progress does not; remove it"),
        ("[]", "out.txt.progress: damaged ("),
        (
            '{"whole": false, "identity": {}, "bytes": {"output": 9}, "state": {}}',
            "out.txt.partial: is damaged, shorter",
        ),
    ],
)
def test_progress_that_is_damaged(project: Path, tmp_path: Path, progress: str | None, message: str) -> None:
    files = write(tmp_path, b"1\n", b"1\n")
    (tmp_path / "out.txt.partial").write_text("0.5\n")
    if progress is not None:
        (tmp_path / "out.txt.progress").write_text(progress)
    assert refused(project, tmp_path, *files, "--resume").startswith(message)


def test_a_fault_in_the_first_chunk_leaves_nothing(project: Path, tmp_path: Path) -> None:
    assert refused(project, tmp_path, *write(tmp_path, b"1\n", b"x\n"), "--resume").startswith(
        "v.txt:1:1: not an integer"
    )


def test_only_one_process_writes(project: Path, job: Path) -> None:
    """The second process is refused while the first one exists, even if it is suspended."""
    with running([PAIRLENS, *arguments(project, "e.tsv", True)], cwd=job, env=plain_environment()) as process:
        wait_for((job / "e.tsv.bad.partial").exists, process)
        process.send_signal(signal.SIGSTOP)
        second = start(project, job, "e.tsv")
        process.kill()
    assert second.code == 2
    assert "e.tsv.partial: another process is writing it; wait until it has ended" in second.stderr


def test_bad_lines_may_be_allowed_until_there_is_one(project: Path, tmp_path: Path) -> None:
    """A job that failed at a bad line can be resumed with `--on-bad-line nan`, but not the other way round."""
    files = write(tmp_path, b"1\n" * 140_000, b"1\n" * 139_999 + b"x\n")
    command = ["score", project / "run", *files, "--output", "out.txt", "--resume"]
    stopped = pairlens(tmp_path, *command)
    assert stopped.code == 2
    assert "what was scored so far is kept" in stopped.stderr
    assert pairlens(tmp_path, *command, "--on-bad-line", "nan").code == 0
    *_, last, bad = (tmp_path / "out.txt").read_text().splitlines()
    assert float(last) == pytest.approx(float(scored(project, tmp_path, *write(tmp_path, b"1", b"1"))[0]), abs=1e-6)
    assert bad == "nan"


def test_a_text_of_nothing_but_padding_is_empty(project: Path, tmp_path: Path) -> None:
    """With `mask_zero`, id 0 is padding; a text without another id has nothing to score."""
    embedding = {"input_dim": VOCABULARY, "output_dim": 7, "mask_zero": True}
    run = make_run(project, tmp_path / "run", embedding=embedding)
    files = write(tmp_path, b"1 0\n0 0\n3\n", b"4\n5\n0 6\n")
    refused = pairlens(tmp_path, "score", run, *files)
    fault = "no id but 0, which is padding with model.embedding.mask_zero; give another id or set data.empty: score"
    assert refused == (2, "", f"error: q.txt:2:4: {fault}\n")
    passed = pairlens(tmp_path, "score", run, *files, "--on-bad-line", "nan")
    assert passed.code == 0
    scores = passed.stdout.splitlines()
    assert scores[1] == "nan"
    assert "nan" not in (scores[0], scores[2])


def test_a_text_that_its_batch_cannot_be_padded_to(project: Path, tmp_path: Path) -> None:
    """With `masking: none`, 20,000 texts padded to 10 million tokens of 4 bytes each are 800 GB."""
    texts = ["1 2\n"] * 20_000
    (tmp_path / "v.txt").write_text("".join(texts))
    texts[7000] = "3 " * 10_000_000 + "\n"
    (tmp_path / "q.txt").write_text("".join(texts))
    run = make_run(project, tmp_path / "run", masking="none")
    config = (run / "config.yaml").read_text()
    (run / "config.yaml").write_text(re.sub("batch_size: .*", "batch_size: 20000", config))
    message = (
        "q.txt:7001:1: with `masking: none`, the texts of its batch, padded to its length, need 800.0 GB of memory, "
    )
    stopped = pairlens(tmp_path, "score", "run", "q.txt", "v.txt")
    assert (stopped.code, stopped.stdout) == (2, "")
    assert stopped.stderr.startswith(f"error: {message}")
    passed = pairlens(tmp_path, "score", "run", "q.txt", "v.txt", "--on-bad-line", "nan")
    assert passed.code == 0
    assert message in passed.stderr
    scores = passed.stdout.splitlines()
    assert [i for i, score in enumerate(scores) if score == "nan"] == [7000]
    assert len(scores) == 20_000
