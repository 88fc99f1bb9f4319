"""--shard and merge as processes: at the same time, killed at any moment, with wrong arguments."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import command_line
import pytest
from command_line import files_below, lines, random_texts, trained_project
from forked import pairlens
from kills import killed

PAIRS = 140_000  # three units of 65,536


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_project(tmp_path_factory)


@pytest.fixture
def folder(tmp_path: Path, project: Path) -> Path:
    """`q.txt` and `v.txt`, and `run`, a link to a run."""
    for name in ("q.txt", "v.txt"):
        (tmp_path / name).write_text(lines(random_texts(20, len(name))))
    (tmp_path / "run").symlink_to(project / "run")
    (tmp_path / "nowhere").symlink_to("missing")
    return tmp_path


def test_shards_at_the_same_time(folder: Path) -> None:
    """Each part is written by two processes; one of them waits for the other."""
    for name in ("q.txt", "v.txt"):
        (folder / name).write_text(lines(random_texts(70, 1)) * (PAIRS // 70))
    command = ["score", "run", "q.txt", "v.txt"]
    assert pairlens(folder, *command, "--output", "one.txt").code == 0
    with ThreadPoolExecutor() as pool:
        shards = [f"{i}/3" for i in (1, 2, 3, 1, 2, 3)]
        write = command_line.pairlens  # in new processes
        results = list(pool.map(lambda s: write(folder, *command, "--shard", s, "--output", "some.d"), shards))
    assert [result.code for result in results] == [0] * 6, results
    assert pairlens(folder, "merge", "some.d", "--status") == (0, f"3 of 3 parts, {PAIRS:,} pairs\n", "")
    assert pairlens(folder, "merge", "some.d", "--output", "merged.txt") == (
        0,
        "",
        f"Wrote merged.txt: {PAIRS:,} pairs from 3 parts\n",
    )
    assert (folder / "merged.txt").read_bytes() == (folder / "one.txt").read_bytes()
    assert sorted(path.name for path in (folder / "some.d").iterdir()) == [
        "manifest.json",
        *(f"part-0000{i}-of-00003.{suffix}" for i in (1, 2, 3) for suffix in ("json", "txt")),
    ]


def test_killed_at_any_moment(folder: Path) -> None:
    """kill -9 before every change of a file in the directory; the same command then finishes, and nothing is left."""
    command = ["score", "run", "q.txt", "v.txt", "--format", "jsonl"]
    whole = pairlens(folder, *command).stdout
    for step in range(100):
        shard = [*command, "--shard", "1/1", "--output", f"{step}.jsonl.gz.d"]
        dies = killed(folder, step, "", *shard)
        assert pairlens(folder, *shard).code == 0
        merged = pairlens(folder, "merge", f"{step}.jsonl.gz.d", "--output", f"{step}.jsonl.gz", "--quiet")
        assert merged == (0, "", "")
        assert sorted(files_below(folder / f"{step}.jsonl.gz.d")) == [
            "manifest.json",
            "part-00001-of-00001.json",
            "part-00001-of-00001.jsonl.gz",
        ]
        if not dies:
            break
    assert step > 5
    assert len({(folder / f"{i}.jsonl.gz").read_bytes() for i in range(step + 1)}) == 1
    assert pairlens(folder, "merge", "0.jsonl.gz.d", "--output", "/dev/stdout").code == 2  # not compressed by name
    (folder / "0.txt").write_text(whole)
    one = pairlens(folder, *command, "--output", "one.jsonl.gz")
    assert (one.code, (folder / "one.jsonl.gz").read_bytes()) == (0, (folder / "0.jsonl.gz").read_bytes())


def test_a_merge_to_stdout_and_what_is_missing(folder: Path) -> None:
    shard = ["score", "run", "q.txt", "v.txt", "--output", "some.d", "--shard"]
    whole = pairlens(folder, "score", "run", "q.txt", "v.txt").stdout
    assert pairlens(folder, *shard, "2/2") == (0, "", "")
    missing = "error: some.d: 1 of 2 parts are missing or damaged: 1; write them with --shard 1/2 and so on\n"
    assert pairlens(folder, "merge", "some.d") == (2, "", missing)
    assert pairlens(folder, "merge", "some.d", "--status") == (1, "1 of 2 parts, 0 pairs\nmissing: 1\n", "")
    assert pairlens(folder, *shard, "1/2") == (0, "", "")
    assert pairlens(folder, "merge", "some.d") == (0, whole, "")


SHARD = ["--shard", "1/2"]
PLAIN = ["score", "run", "q.txt", "v.txt", "--output", "d"]
NO_EFFECT = "has no effect with --shard and --cluster; leave it out"
USAGE: list[tuple[Sequence[str], str]] = [
    ([*PLAIN, "--shard", "0/2"], "--shard 0/2: must be I/N, with I from 1 to N, such as 3/16"),
    ([*PLAIN, "--shard", "3/2"], "--shard 3/2: must be I/N, with I from 1 to N, such as 3/16"),
    ([*PLAIN, "--shard", "1"], "--shard 1: must be I/N, with I from 1 to N, such as 3/16"),
    ([*PLAIN[:4], *SHARD], "--shard writes parts, not to stdout; add --output"),
    ([*PLAIN[:4], "--cluster", "local"], "--cluster writes parts, not to stdout; add --output"),
    ([*PLAIN, *SHARD, "--cluster", "local"], "--shard writes one part, --cluster all of them; give one of the two"),
    ([*PLAIN, "--shards", "4"], "--shards, --workers and --retries are for --cluster; add --cluster local"),
    ([*PLAIN, *SHARD, "--resume"], f"--resume {NO_EFFECT}"),
    ([*PLAIN, *SHARD, "--profile"], f"--profile {NO_EFFECT}"),
    ([*PLAIN, *SHARD, "--force"], "--force replaces a file; d is a directory of parts, so remove it instead"),
    ([*PLAIN, *SHARD, "--on-bad-line", "nan", "--bad-lines", "b"], f"--bad-lines {NO_EFFECT}"),
    (["score", "run", "-", "--output", "d", *SHARD], "--shard and --cluster divide files; give files, not stdin or "),
    (["attend", "run", "q.txt", "v.txt", "--output", "m.npz.d", "--limit", "3", *SHARD], f"--limit {NO_EFFECT}"),
    (["attend", "run", "q.txt", "v.txt", "--output", "m.html.d", *SHARD], "m.html: --shard and --cluster write .npz, "),
    (["attend", "run", "q.txt", "v.txt", "--output", "m.h5.d", *SHARD], "m.h5: --shard and --cluster write .npz, "),
    (["evaluate", "run", *SHARD], "--shard writes parts, not to stdout; add --predictions"),
    (["evaluate", "run", "--predictions", "p.d", "--errors", "3", *SHARD], f"--errors {NO_EFFECT}"),
    (["score", "run", "q.txt", "v.txt", "--output", "q.txt", *SHARD], "q.txt: is no directory, but parts need one; "),
    ([*PLAIN[:4], *SHARD, "--output", "run"], "run: contains other files, such as "),
    ([*PLAIN[:4], *SHARD, "--output", "."], ".: contains other files, such as nowhere; choose another directory"),
    ([*PLAIN[:4], *SHARD, "--output", "nowhere"], "nowhere: is no directory, but parts need one; "),
    (
        ["score", "run", "/dev/null", "v.txt", *SHARD, "--output", "d"],
        "/dev/null: not a regular file; parts ",
    ),
    (["merge", "run"], "run/manifest.json: no such file; run is no directory of shards"),
    (["merge", "none"], "none/manifest.json: no such file; none is no directory of shards"),
    (["merge", "run", "--force"], "--force replaces an existing output; add --output FILE"),
    (["merge", "run", "--status", "--output", "o"], "--status writes nothing to a file; leave --output out"),
    (["score", "run", "*.q", "*.v", "--output", "d"], "*.q: no file matches"),
]


@pytest.mark.parametrize(("arguments", "message"), USAGE, ids=[message[:40] for _, message in USAGE])
def test_wrong_usage(folder: Path, arguments: Sequence[str], message: str) -> None:
    before = files_below(folder)
    code, stdout, stderr = pairlens(folder, *arguments)
    assert (code, stdout, stderr.count("\n")) == (2, "", 1)
    assert stderr.startswith(f"error: {message}")
    assert files_below(folder) == before
